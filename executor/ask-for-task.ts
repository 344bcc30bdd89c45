import { type LinkTransport, readText, Superseded } from './link-transport.ts';

/**
 * Redeems the ticket; waits as long as it takes for a task. Resolves with the JSON of an assignment (`link.ts` in core).
 *
 * `onSent` is called when the ticket is on its way.
 *
 * @throws {Superseded} when the ticket is not taken.
 */
export async function askForTask(
  transport: LinkTransport,
  ticket: string,
  onSent: () => void = () => undefined,
): Promise<string> {
  for (;;) {
    const response = await transport.send({
      method: 'POST',
      path: '/attach',
      body: JSON.stringify({ ticket }),
      onSent,
    });
    const text = await readText(response);
    if (response.statusCode === 204) continue;
    if (response.statusCode === 200) return text;
    throw new Superseded(`the ticket was not taken: ${response.statusCode} ${text}`);
  }
}
