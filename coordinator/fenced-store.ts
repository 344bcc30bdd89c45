import { CoordinatorFenced, type Store } from '@reeve/core';

/** The store, with a watch for the moment when a newer coordinator takes the tenant over: this one must stop then. */
export function watchFence(store: Store, onFenced: (error: CoordinatorFenced) => void): Store {
  async function watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CoordinatorFenced) onFenced(error);
      throw error;
    }
  }
  return {
    ...store,
    tasks: { ...store.tasks, move: (...move) => watched(store.tasks.move(...move)) },
    transaction: (work) => watched(store.transaction(work)),
  };
}
