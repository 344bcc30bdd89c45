import { FAILURES, type Failure, failureText, type Outcome, type SecretView } from '@reeve/core';
import { EXIT, UserError } from '../user-error.ts';
import { atSecretDesk } from './open-secret-desk.ts';
import { readSecretValue } from './read-value.ts';

/** How the audit chain names who sits at this keyboard: the home is theirs. */
const OWNER = 'person:owner';

/** `reeve secret set NAME --host HOST …`: makes a secret, or replaces its value and hosts. */
export async function setSecret(name: string, options: { host: readonly string[] }): Promise<number> {
  const value = await askValue(name);
  const secret = { name, value, hosts: options.host };
  const set = done(await atSecretDesk((desk) => desk.set(secret, OWNER), { makesHome: true }));
  console.log(`${described(set)} Use it in a header as secret:${set.name}.`);
  return EXIT.ok;
}

/** `reeve secret rotate NAME`: a new value for the same hosts. */
export async function rotateSecret(name: string): Promise<number> {
  const value = await askValue(name);
  console.log(described(done(await atSecretDesk((desk) => desk.set({ name, value, hosts: null }, OWNER)))));
  return EXIT.ok;
}

/** `reeve secret list`: names, hosts, versions and dates; never values. */
export async function listSecrets(options: { json?: boolean }): Promise<number> {
  const secrets = await atSecretDesk((desk) => desk.list());
  if (options.json) console.log(JSON.stringify({ secrets }));
  else if (secrets.length === 0)
    console.log('There are no secrets. `reeve secret set NAME --host HOST` makes one.');
  for (const secret of options.json ? [] : secrets)
    console.log(
      `${secret.name}  version ${secret.version} of ${secret.changedAt.toISOString().slice(0, 10)}, for ${secret.hosts.join(', ')}`,
    );
  return EXIT.ok;
}

/** `reeve secret rm NAME` */
export async function removeSecret(name: string): Promise<number> {
  const removed = done(await atSecretDesk((desk) => desk.remove(name, OWNER)));
  console.log(`${removed.name} is removed.`);
  return EXIT.ok;
}

/** `reeve secret rekey`: a new version of the key that wraps all secrets; they stay usable throughout. */
export async function rekeySecrets(): Promise<number> {
  const { keyVersion, secrets } = done(await atSecretDesk((desk) => desk.rekey(OWNER)));
  console.log(`Key version ${keyVersion} is in use; secrets wrapped anew: ${secrets}.`);
  return EXIT.ok;
}

function askValue(name: string): Promise<string> {
  return readSecretValue(process.stdin, {
    text: `Value of ${name} (not shown): `,
    write: (text) => process.stderr.write(text),
  });
}

function described({ name, version, hosts }: SecretView): string {
  return `${name} is set (version ${version}) and may go to ${hosts.join(', ')} only.`;
}

function done<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'ok') return outcome.value;
  throw refusal(outcome.failure);
}

function refusal(failure: Failure): UserError {
  const { hint } = FAILURES[failure.code];
  return new UserError(failureText(failure).replace(hint, '').trim(), hint);
}
