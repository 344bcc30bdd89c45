import { type ApiClient, type OutgoingMessage, Refused } from './api-client.ts';

/** A message that Reeve has not taken yet. */
export interface Waiting {
  readonly conversation: string;
  readonly message: OutgoingMessage;
  /** Why Reeve refuses it for good; null while it is tried again. */
  readonly refusal: string | null;
}

/** Messages on their way. They outlive a reload of the tab and a Reeve that is away; none is stored twice. */
export interface Outbox {
  readonly waiting: () => readonly Waiting[];
  add(conversation: string, message: OutgoingMessage): void;
  drop(clientId: string): void;
  /** Tries a refused message once more. */
  retry(clientId: string): void;
  /** Sends what waits, now: the connection is back. */
  wake(): void;
}

export interface OutboxDeps {
  readonly client: Pick<ApiClient, 'send'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly onChange: () => void;
  /** Calls after some seconds. */
  readonly later: (work: () => void) => void;
  readonly onAccepted: (conversation: string, turnId: string) => void;
}

const STORED_AS = 'reeve-outbox';

/** Creates an outbox with what an earlier page of this tab left. Sends one after the other, in order. */
export function createOutbox(deps: OutboxDeps): Outbox {
  let waiting: readonly Waiting[] = JSON.parse(deps.storage.getItem(STORED_AS) ?? '[]');
  let isSending = false;

  function change(next: readonly Waiting[]): void {
    waiting = next;
    deps.storage.setItem(STORED_AS, JSON.stringify(waiting));
    deps.onChange();
  }

  const isOf = (clientId: string) => (item: Waiting) => item.message.clientId === clientId;

  async function send(): Promise<void> {
    if (isSending) return;
    isSending = true;
    try {
      for (let next = open(); next; next = open()) {
        const { conversation, message } = next;
        const { turnId } = await deps.client.send(conversation, message);
        change(waiting.filter((item) => !isOf(message.clientId)(item)));
        deps.onAccepted(conversation, turnId);
      }
    } catch (error) {
      // Whatever is no refusal may pass, and is tried again.
      const next = open();
      if (next && error instanceof Refused && error.status < 500 && error.status !== 401)
        change(waiting.map((item) => (item === next ? { ...item, refusal: error.message } : item)));
    } finally {
      isSending = false;
      if (open()) deps.later(wake);
    }
  }

  const open = () => waiting.find(({ refusal }) => refusal === null);
  const wake = () => void send();
  return {
    waiting: () => waiting,
    add(conversation, message) {
      change([...waiting, { conversation, message, refusal: null }]);
      wake();
    },
    drop: (clientId) => change(waiting.filter((item) => !isOf(clientId)(item))),
    retry(clientId) {
      change(waiting.map((item) => (isOf(clientId)(item) ? { ...item, refusal: null } : item)));
      wake();
    },
    wake,
  };
}
