import { readConfig } from './config.ts';
import { SETTINGS, settingNames, shownValue } from './settings.ts';
import { EXIT } from './user-error.ts';

/** `reeve config print`: every setting with its value and source; never the value of a secret. */
export function printConfig(options: { json?: boolean }): number {
  const settings = readConfig();
  const rows = settingNames().map((name) => ({
    name,
    value: shownValue(name, settings),
    source: settings.sources[name],
    description: SETTINGS[name].describe,
  }));
  if (options.json) {
    console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])), null, 2));
    return EXIT.ok;
  }
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const row of rows)
    console.log(
      `${row.name.padEnd(width)}  ${row.value ?? '(not set)'}  [${row.source}]\n${' '.repeat(width)}  ${row.description}`,
    );
  return EXIT.ok;
}
