export { createPageReader, type ServedPage } from './page-reader.ts';
