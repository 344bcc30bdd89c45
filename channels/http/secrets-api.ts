import type { Failure, SecretDesk, SecretView } from '@reeve/core';
import { type Api, problem } from './guard.ts';
import * as routes from './secret-routes.ts';

/** Adds what the owner does with secrets. Their values come in here, go on to the desk, and are kept nowhere. */
export function addSecrets(api: Api, desk: SecretDesk, owner: string): void {
  api.openapi(routes.listSecrets, async (context) =>
    context.json({ secrets: (await desk.list()).map(secretView) }, 200),
  );
  api.openapi(routes.putSecret, async (context) => {
    const { value, hosts } = context.req.valid('json');
    const set = await desk.set({ name: context.req.valid('param').name, value, hosts: hosts ?? null }, owner);
    return set.kind === 'failed' ? refuse(set.failure) : context.json(secretView(set.value), 200);
  });
  api.openapi(routes.deleteSecret, async (context) => {
    const removed = await desk.remove(context.req.valid('param').name, owner);
    return removed.kind === 'failed' ? refuse(removed.failure) : context.json({ ...removed.value }, 200);
  });
  api.openapi(routes.rekeySecrets, async (context) => {
    const rekeyed = await desk.rekey(owner);
    return rekeyed.kind === 'failed' ? refuse(rekeyed.failure) : context.json({ ...rekeyed.value }, 200);
  });
}

/** Problems are every route's `default` answer, which the typed routes do not know. */
function refuse({ code, about }: Failure): never {
  return problem(code, about) as never;
}

function secretView({ name, hosts, version, keyVersion, changedAt }: SecretView) {
  return { name, hosts: [...hosts], version, keyVersion, changedAt: changedAt.toISOString() };
}
