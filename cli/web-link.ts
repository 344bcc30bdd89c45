import { readConfig } from './config.ts';
import { findRunning } from './home.ts';
import { EXIT, UserError } from './user-error.ts';

/**
 * `reeve web`: prints a new link to the web chat of the Reeve that runs on this home; it signs one browser in, as the
 * owner or as a person whom the owner has admitted to the channel `http`.
 *
 * @throws {UserError} when none runs, or when there is nobody of that id.
 */
export async function printWebLink(person: string | null): Promise<number> {
  const { values: settings } = readConfig();
  const running = await findRunning(settings.REEVE_HOME);
  if (!running)
    throw new UserError(
      `No Reeve runs on ${settings.REEVE_HOME}, so there is no link to it.`,
      'Start it with “npm start” or “reeve up”; it prints a link.',
    );
  const answer = await fetch(new URL('/v1/login-links', running.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${running.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(person === null ? {} : { person }),
  });
  const body = (await answer.json()) as { url?: string; detail?: string };
  if (body.url === undefined)
    throw new UserError(
      `Reeve made no link: ${body.detail ?? `status ${answer.status}`}`,
      person === null
        ? 'Try again.'
        : `“/people add http ${person} member” and a name, in the chat, admits somebody.`,
    );
  process.stdout.write(`${body.url}\n`);
  return EXIT.ok;
}
