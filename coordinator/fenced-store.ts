import { CoordinatorFenced, type Store } from '@reeve/core';

/** The store, with a watch for the moment when a newer coordinator takes the tenant over: this one must stop then. */
export function watchFence(store: Store, onFenced: (error: CoordinatorFenced) => void): Store {
  return {
    ...store,
    async transaction(work) {
      try {
        return await store.transaction(work);
      } catch (error) {
        if (error instanceof CoordinatorFenced) onFenced(error);
        throw error;
      }
    },
  };
}
