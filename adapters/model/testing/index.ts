export { MISBEHAVIOURS } from './misbehaviours.ts';
export {
  CALLS_CLOCK,
  DONE,
  type Misbehaviour,
  openRawProvider,
  piece,
  type RawProvider,
  refuses,
  SAYS_HELLO,
  streams,
} from './raw-provider.ts';
