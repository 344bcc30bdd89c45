export {
  eventually,
  makeTestHome,
  type RunningReeve,
  startReeve,
  type TestHome,
} from './reeve-process.ts';
