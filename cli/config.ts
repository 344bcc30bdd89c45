import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type ResolvedSettings, resolveSettings } from './settings.ts';
import { EXIT, HomeUnusable, UserError } from './user-error.ts';

/** The settings file inside the home; a JSON object with the names of the settings. */
const SETTINGS_FILE = 'settings.json';

/**
 * The settings of this process, from its environment and `settings.json` in the home.
 *
 * @throws {HomeUnusable} when the home is another user's.
 * @throws {UserError} naming every bad setting.
 */
export function readConfig(): ResolvedSettings {
  const home = path.resolve(process.env['REEVE_HOME'] || './.reeve');
  const result = resolveSettings(process.env, readSettingsFile(home));
  if (result.kind === 'invalid') {
    throw new UserError(
      `Nothing was started: ${result.problems.join(' ')}`,
      'Correct the settings and start again.',
      EXIT.usage,
    );
  }
  const { values } = result.settings;
  return { ...result.settings, values: { ...values, REEVE_HOME: home } };
}

/** Whether colours are wanted: NO_COLOR (https://no-color.org) and dumb terminals say no. */
export function wantsColour(): boolean {
  return !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

function readSettingsFile(home: string): Record<string, unknown> {
  const file = path.join(home, SETTINGS_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // A home that is no directory is reported when it is opened.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    if (code === 'EACCES' && ownerOf(home) !== process.getuid?.()) {
      throw new HomeUnusable(
        `${home} belongs to another user. Nothing was started.`,
        'Set REEVE_HOME to a folder of yours.',
        EXIT.usage,
      );
    }
    throw new UserError(
      `The settings file ${file} cannot be read: ${(error as Error).message}.`,
      'Mend its permissions and start again.',
      EXIT.usage,
    );
  }
  const value = parseJson(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new UserError(
      `The settings file ${file} is not a JSON object.`,
      'Correct it, or move it away, and start again.',
      EXIT.usage,
    );
  }
  return { ...value };
}

/** The user id of a folder's owner; null when it lies in a place that this user cannot even look at. */
function ownerOf(folder: string): number | null {
  try {
    return statSync(folder).uid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
