import { frame, joinBytes, messagesIn } from './wire.ts';

/** Lets a database parse and plan each statement once, whichever client sends it. */
export interface StatementCache {
  /**
   * Has a batch of wire-protocol bytes run in which statements without a name have one: parsed under it the first time,
   * from then on only bound. The answer lacks the ParseComplete of what was left out, which no client of such statements
   * waits for. Clients parse a statement in the batch that binds it, as `pg` does.
   */
  execute<Answer extends Uint8Array>(
    batch: Uint8Array,
    run: (batch: Uint8Array) => Promise<Answer>,
  ): Promise<Answer>;
}

/** Source: PostgreSQL documentation, "Message Formats". */
const TYPE = { parse: 0x50, bind: 0x42, describe: 0x44, query: 0x51, errorResponse: 0x45 } as const;
const STATEMENT = 0x53;
/** Twice what Reeve and its queue have; what comes after these is parsed each time. */
const MOST = 400;
/** What a statement returns may be another after these, and a prepared one would be refused for it. */
const CHANGES_TABLES = /\b(?:create|alter|drop)\b/i;

/** The same text means other tables after this. */
const SETS_PATH = /^set search_path to ([^;\0]+)/i;

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

export function createStatementCache(): StatementCache {
  /** By search path, text and types of parameters. */
  const names = new Map<string, string>();
  let path = '';
  let made = 0;

  /** A name for a statement that is new; undefined when it gets none. */
  function nameFor(statement: string, fresh: string[]): string | undefined {
    if (names.size >= MOST) return undefined;
    made += 1;
    const name = `reeve_${made}`;
    names.set(statement, name);
    fresh.push(statement);
    return name;
  }

  function withNames(batch: Uint8Array, fresh: string[]): Uint8Array {
    const pieces: Uint8Array[] = [];
    let current: string | undefined;
    for (const { type, message, body } of messagesIn(batch)) {
      if (type === TYPE.query) path = SETS_PATH.exec(latin1.decode(body))?.[1] ?? path;
      if (type === TYPE.parse) current = undefined;
      if (type === TYPE.parse && body[0] === 0) {
        const statement = `${path}\0${latin1.decode(body.subarray(1))}`;
        const known = names.get(statement);
        current = known ?? nameFor(statement, fresh);
        if (known === undefined) pieces.push(current === undefined ? message : named(type, body, 0, current));
      } else if (current !== undefined && type === TYPE.bind)
        pieces.push(named(type, body, body.indexOf(0) + 1, current));
      else if (current !== undefined && type === TYPE.describe && body[0] === STATEMENT)
        pieces.push(named(type, body, 1, current));
      else pieces.push(message);
    }
    return joinBytes(pieces);
  }

  return {
    async execute(batch, run) {
      const fresh: string[] = [];
      let isParsed = false;
      try {
        const answer = await run(withNames(batch, fresh));
        isParsed = fresh.length === 0 || !isRefused(answer);
        return answer;
      } finally {
        // Whether a statement was parsed before something went wrong is not worth finding out: it gets another name.
        if (!isParsed) for (const statement of fresh) names.delete(statement);
        if (changesTables(batch) || fresh.some((statement) => CHANGES_TABLES.test(statement))) names.clear();
      }
    },
  };
}

/** The message with a name in place of the empty one that begins at `at`; one that has a name is left alone. */
function named(type: number, body: Uint8Array, at: number, name: string): Uint8Array {
  if (body[at] !== 0) return frame(type, body);
  return frame(type, joinBytes([body.subarray(0, at), encoder.encode(name), body.subarray(at)]));
}

function isRefused(answer: Uint8Array): boolean {
  for (const { type } of messagesIn(answer)) if (type === TYPE.errorResponse) return true;
  return false;
}

function changesTables(batch: Uint8Array): boolean {
  for (const { type, body } of messagesIn(batch))
    if (type === TYPE.query && CHANGES_TABLES.test(latin1.decode(body))) return true;
  return false;
}
