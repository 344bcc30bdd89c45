import type {
  ApprovalScope,
  ConversationView,
  MeView,
  PlacedEvent,
  StatusView,
  StoredFile,
  TaskDetail,
  TimelinePage,
  TurnView,
} from './api-types.ts';

/** Reeve said no; `message` is its sentence for people. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
  }
}

/** Nobody answered: Reeve is away or the network is. Worth another try. */
class Unreachable extends Error {
  constructor(cause: unknown) {
    super('Reeve cannot be reached.', { cause });
    this.name = 'Unreachable';
  }
}

export type PageFrom = { readonly before: number } | { readonly after: number } | null;

/** Calls to the local API. Each rejects with `Refused` or `Unreachable`. */
export interface ApiClient {
  login(token: string): Promise<void>;
  logout(): Promise<void>;
  me(): Promise<MeView>;
  conversations(): Promise<readonly ConversationView[]>;
  timeline(conversation: string, from: PageFrom, limit: number): Promise<TimelinePage>;
  send(conversation: string, message: OutgoingMessage): Promise<{ turnId: string }>;
  rename(conversation: string, title: string): Promise<void>;
  search(words: string): Promise<readonly PlacedEvent[]>;
  decide(code: string, decision: Decision): Promise<string>;
  choose(card: string, option: string): Promise<string>;
  cancelTask(task: string): Promise<void>;
  task(id: string): Promise<TaskDetail>;
  turn(id: string): Promise<TurnView>;
  status(): Promise<StatusView>;
  files(): Promise<readonly StoredFile[]>;
  /** Opens the stream of events after a number; null for what comes next. */
  openEvents(after: number | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

export interface OutgoingMessage {
  readonly clientId: string;
  readonly text: string;
  readonly attachments: readonly string[];
  /** Key of the card that it replies to. */
  readonly replyTo?: string;
}

export type Decision =
  | { readonly decision: 'approve'; readonly scope: ApprovalScope }
  | { readonly decision: 'deny'; readonly note?: string }
  | { readonly decision: 'edit'; readonly note: string }
  | { readonly decision: 'happened' };

/** A client of the API that served this page. */
export function createApiClient(): ApiClient {
  const post = (path: string, body?: unknown) => call('POST', path, body);
  const read = async <T>(path: string) => (await (await call('GET', path)).json()) as T;
  const at = (conversation: string) => `/v1/conversations/${encodeURIComponent(conversation)}`;
  return {
    login: async (token) => void (await post('/v1/login', { token })),
    logout: async () => void (await post('/v1/logout')),
    me: () => read('/v1/me'),
    conversations: async () =>
      (await read<{ conversations: ConversationView[] }>('/v1/conversations')).conversations,
    timeline: (conversation, from, limit) =>
      read(
        `${at(conversation)}/timeline?${new URLSearchParams({ limit: String(limit), ...fromQuery(from) })}`,
      ),
    send: async (conversation, message) =>
      (await (await post(`${at(conversation)}/messages`, message)).json()) as { turnId: string },
    rename: async (conversation, title) => void (await call('PUT', `${at(conversation)}/title`, { title })),
    search: async (words) =>
      (await read<{ hits: PlacedEvent[] }>(`/v1/search?${new URLSearchParams({ q: words })}`)).hits,
    decide: async (code, decision) => {
      const answer = await post(`/v1/approvals/${encodeURIComponent(code)}/decision`, decision);
      return ((await answer.json()) as { sentence: string }).sentence;
    },
    choose: async (card, option) => {
      const answer = await post('/v1/choices', { card, option });
      return ((await answer.json()) as { sentence: string }).sentence;
    },
    cancelTask: async (task) => void (await post(`/v1/tasks/${encodeURIComponent(task)}/cancel`)),
    task: (id) => read(`/v1/tasks/${encodeURIComponent(id)}`),
    turn: (id) => read(`/v1/turns/${encodeURIComponent(id)}`),
    status: () => read('/v1/status'),
    files: async () => (await read<{ files: StoredFile[] }>('/v1/files')).files,
    async openEvents(after, signal) {
      const query = new URLSearchParams({ own: 'true', ...(after === null ? {} : { after: String(after) }) });
      const answer = await call('GET', `/v1/events?${query}`, undefined, signal);
      if (!answer.body) throw new Unreachable(new Error('the answer has no body'));
      return answer.body;
    },
  };
}

function fromQuery(from: PageFrom): Record<string, string> {
  return from === null ? {} : Object.fromEntries(Object.entries(from).map(([key, at]) => [key, String(at)]));
}

async function call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(path, {
    method,
    credentials: 'same-origin',
    ...(signal ? { signal } : {}),
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new Unreachable(error);
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

async function refusalOf(answer: Response): Promise<Refused> {
  const problem = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  const words = problem.detail ?? `Reeve answered with the status ${answer.status}. Try again in a moment.`;
  return new Refused(answer.status, problem.code ?? 'unknown', words);
}

/** Where a file of the owner's is downloaded. */
export function fileAddress(path: string): string {
  return `/v1/files/${path.split('/').map(encodeURIComponent).join('/')}`;
}
