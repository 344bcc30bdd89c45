import { existsSync } from 'node:fs';
import { settingListSchema } from '@reeve/channel-http';
import type { SettingSource } from '@reeve/core';
import { readConfig } from './config.ts';
import { findRunning, homePaths } from './home.ts';
import { type ResolvedSettings, SETTINGS, settingNames, shownValue } from './settings.ts';
import { EXIT } from './user-error.ts';

const LIMIT_MS = 5000;

/**
 * `reeve config print`: every setting with its value and source; never the value of a secret. What the owner changed in
 * the chat comes from the Reeve that runs on this home; when none does, it says on stderr that this is missing.
 */
export async function printConfig(options: { json?: boolean }): Promise<number> {
  const settings = readConfig();
  const owned = await ownersLayer(settings);
  const rows = settingNames().map((name) => {
    const changed = owned.get(name);
    return {
      name,
      value: changed?.value ?? shownValue(name, settings),
      source: changed?.source ?? settings.sources[name],
      description: SETTINGS[name].describe,
    };
  });
  if (options.json) {
    console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])), null, 2));
    return EXIT.ok;
  }
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const row of rows)
    console.log(
      `${row.name.padEnd(width)}  ${row.value ?? '(not set)'}  [${SOURCES[row.source]}]\n${' '.repeat(width)}  ${row.description}`,
    );
  return EXIT.ok;
}

const SOURCES: Readonly<Record<SettingSource, string>> = {
  unset: 'unset',
  default: 'default',
  file: 'file',
  owner: 'changed in the chat',
  environment: 'environment',
};

/** What counts by the owner's word, by environment name. */
async function ownersLayer(
  settings: ResolvedSettings,
): Promise<ReadonlyMap<string, { readonly value: string; readonly source: SettingSource }>> {
  const { REEVE_HOME: home, DATABASE_URL: server } = settings.values;
  const hasDatabase = server !== undefined || existsSync(homePaths(home).database);
  const running = hasDatabase ? await findRunning(home) : null;
  if (!running) {
    if (hasDatabase)
      process.stderr.write(
        'No Reeve runs on this home, so what was changed in the chat (/config) is not shown here.\n',
      );
    return new Map();
  }
  const answer = await fetch(new URL('/v1/config', running.url), {
    headers: { authorization: `Bearer ${running.token}` },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (!answer.ok) {
    process.stderr.write(
      `The Reeve at ${running.url} did not say what was changed in the chat (${answer.status}).\n`,
    );
    return new Map();
  }
  const { settings: views } = settingListSchema.parse(await answer.json());
  return new Map(
    views
      .filter(({ source }) => source === 'owner')
      .map(({ environmentName, value, source }) => [environmentName, { value, source }]),
  );
}
