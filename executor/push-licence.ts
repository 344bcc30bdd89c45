/** A declared push that was allowed. */
export interface AllowedPush {
  readonly callId: string;
  readonly permit: string;
}

/**
 * Names the push that Git in the sandbox makes now, so that the loop can say so to the gateway. The permit never enters
 * the sandbox, and lends itself to nothing but exactly the push that it was given for.
 */
export interface PushLicence {
  current(): AllowedPush | null;
  /** The push is current while the work runs. */
  during<T>(push: AllowedPush, work: () => Promise<T>): Promise<T>;
}

export function createPushLicence(): PushLicence {
  let held: AllowedPush | null = null;
  return {
    current: () => held,
    async during(push, work) {
      held = push;
      try {
        return await work();
      } finally {
        held = null;
      }
    },
  };
}
