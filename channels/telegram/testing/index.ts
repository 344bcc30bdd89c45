export { checkRendering } from './check-rendering.ts';
