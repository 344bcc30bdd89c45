import {
  BEAT_INTERVAL_MS,
  type Clock,
  type ControlMessage,
  controlMessageSchema,
  type TaskInput,
} from '@reeve/core';
import type { ControlConnection } from './link-client.ts';
import { Superseded } from './link-transport.ts';

/** What the coordinator says while a task runs. */
export interface Control {
  /** Aborted with `Leave` on cancel, pause and release, and with `Superseded` when the stream is lost. */
  readonly signal: AbortSignal;
  /** Words that came before the stream opened. */
  addInputs(inputs: readonly TaskInput[]): void;
  /** Words that have come since the last call. */
  takeInputs(): TaskInput[];
  /** Resolves when a decision on this question comes; rejects with the signal's reason. */
  decision(approval: string): Promise<void>;
}

/** The coordinator wants this executor to end; with `save`, after it has saved the scratch directory. */
export class Leave extends Error {
  readonly save: boolean;
  constructor(kind: 'cancel' | 'pause' | 'release') {
    super(`the coordinator said ${kind}`);
    this.name = 'Leave';
    this.save = kind !== 'cancel';
  }
}

/** Keeps the lease by beating once a second, and sorts what comes down the control stream. */
export function startControl(connection: ControlConnection, clock: Clock): Control {
  const leaving = new AbortController();
  const inputs: TaskInput[] = [];
  const decided = new Set<string>();
  const waiting = new Map<string, () => void>();

  function handle(message: ControlMessage): void {
    switch (message.kind) {
      case 'beat':
        return;
      case 'steer':
        inputs.push(message.input);
        return;
      case 'decision':
        decided.add(message.approval);
        waiting.get(message.approval)?.();
        return;
      case 'cancel':
      case 'pause':
      case 'release':
        leaving.abort(new Leave(message.kind));
    }
  }

  async function read(): Promise<void> {
    for await (const line of connection.lines) handle(controlMessageSchema.parse(JSON.parse(line)));
    throw new Superseded('the control stream ended');
  }

  async function beat(): Promise<void> {
    while (!leaving.signal.aborted) {
      connection.beat();
      await clock.sleep(BEAT_INTERVAL_MS);
    }
  }

  void beat();
  read().catch((error: unknown) =>
    leaving.abort(error instanceof Superseded ? error : new Superseded(String(error))),
  );
  return {
    signal: leaving.signal,
    addInputs: (earlier) => void inputs.push(...earlier),
    takeInputs: () => inputs.splice(0),
    async decision(approval) {
      if (decided.has(approval)) return;
      leaving.signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        waiting.set(approval, resolve);
        leaving.signal.addEventListener('abort', () => reject(leaving.signal.reason), { once: true });
      });
    },
  };
}
