import { problemSchema, rekeyedSchema, secretListSchema, secretViewSchema } from '@reeve/channel-http';
import {
  FAILURES,
  type FailureCode,
  isFailureCode,
  type Outcome,
  type SecretDesk,
  type SecretView,
  secretNameSchema,
  secretValueProblem,
} from '@reeve/core';
import { z } from 'zod';
import { UserError } from '../user-error.ts';

const removedSchema = z.object({ name: z.string() });

/**
 * The desk of a Reeve that runs, through its local API. What could not travel there as it is (a name such as `..` in an
 * address, a value longer than a request) is refused here, in the words of the desk.
 *
 * @throws {UserError} from every method when it refuses; nothing was changed then.
 */
export function createRemoteSecretDesk(running: {
  readonly url: string;
  readonly token: string;
}): SecretDesk {
  async function call<T>(method: string, route: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    const answer = await fetch(new URL(route, running.url), {
      method,
      headers: {
        authorization: `Bearer ${running.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw await refusal(answer, running.url);
    return schema.parse(await answer.json());
  }
  const at = (name: string) => `/v1/secrets/${encodeURIComponent(name)}`;

  return {
    list: async () => (await call('GET', '/v1/secrets', secretListSchema)).secrets.map(toView),
    async set({ name, value, hosts }) {
      if (!isName(name)) return failed('secret-name-refused', NOT_REPEATED);
      const problem = secretValueProblem(value);
      if (problem !== null) return failed('secret-value-refused', problem);
      const body = hosts === null ? { value } : { value, hosts };
      return ok(toView(await call('PUT', at(name), secretViewSchema, body)));
    },
    remove: async (name) =>
      isName(name)
        ? ok(await call('DELETE', at(name), removedSchema))
        : failed('secret-unknown', NOT_REPEATED),
    rekey: async () => ok(await call('POST', '/v1/secret-keys', rekeyedSchema)),
  };
}

/** What stands for a name that is none: it may be a value. */
const NOT_REPEATED = 'what was given';

function isName(text: string): boolean {
  return secretNameSchema.safeParse(text).success;
}

function failed(code: FailureCode, about: string): Outcome<never> {
  return { kind: 'failed', failure: { code, about } };
}

function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

function toView(view: z.infer<typeof secretViewSchema>): SecretView {
  return { ...view, changedAt: new Date(view.changedAt) };
}

async function refusal(answer: Response, url: string): Promise<UserError> {
  const said = problemSchema.safeParse(await answer.json().catch(() => null));
  if (!said.success || !isFailureCode(said.data.code))
    return new UserError(
      `The Reeve at ${url} did not do it (${answer.status}).`,
      'See its log, or stop it and try again.',
    );
  const { hint } = FAILURES[said.data.code];
  return new UserError(said.data.detail.replace(hint, '').trim(), hint);
}
