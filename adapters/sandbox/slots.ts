import type { HostIds } from './bwrap-arguments.ts';

export interface SlotIds {
  readonly loop: HostIds;
  readonly sandbox: HostIds;
}

export interface Slot {
  /** Undefined for an ordinary user, who has one uid for all. */
  readonly ids: SlotIds | undefined;
  release(): void;
}

export interface Slots {
  /** A slot whose ids nobody else holds. */
  take(): Slot;
  /** The group that may use the task link and the gateway; undefined for an ordinary user. */
  readonly linkGroup: number | undefined;
}

/** Hands out two host uids per living pair, from `firstId` + 1 on; `firstId` is the group of the sockets. */
export function createSlots(options: { readonly asRoot: boolean; readonly firstId: number }): Slots {
  const taken = new Set<number>();
  const linkGroup = options.asRoot ? options.firstId : undefined;

  return {
    linkGroup,
    take() {
      let slot = 0;
      while (taken.has(slot)) slot += 1;
      taken.add(slot);
      const loopId = options.firstId + 1 + 2 * slot;
      return {
        ids:
          linkGroup === undefined
            ? undefined
            : { loop: { uid: loopId, group: linkGroup }, sandbox: { uid: loopId + 1 } },
        release: () => {
          taken.delete(slot);
        },
      };
    },
  };
}
