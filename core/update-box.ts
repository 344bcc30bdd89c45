/** One update of a channel as it came, until it is handled. */
export interface ChannelUpdate {
  /** The channel's own number; grows with time. */
  readonly updateId: number;
  readonly body: string;
}

/**
 * Where a channel keeps what it took in: stored before it is acknowledged, handled after. So nothing is lost between a
 * poll and the handling, and what is delivered twice is handled once.
 */
export interface UpdateBox {
  /** Stores what is new, in one transaction, and returns that; ids that are known are left as they are. */
  store(channel: string, updates: readonly ChannelUpdate[], at: Date): Promise<ChannelUpdate[]>;
  /** What was stored and not handled, oldest first. */
  pending(channel: string): Promise<ChannelUpdate[]>;
  markHandled(channel: string, updateIds: readonly number[], at: Date): Promise<void>;
  /** Forgets what was handled before then. */
  forget(channel: string, before: Date): Promise<void>;
}
