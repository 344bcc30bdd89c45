export { createDiskObjectStore } from './disk-object-store.ts';
