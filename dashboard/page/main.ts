import { loginToken, readAddress } from './address.ts';
import { createApiClient, Refused } from './api-client.ts';
import { startChat } from './chat.ts';
import { SIGNED_OUT, showGate } from './gate.ts';
import { applyTheme } from './theme.ts';

const client = createApiClient();

/** Exchanges the link's token for a session and takes it out of the address; resolves with why it was refused, if it was. */
async function signIn(): Promise<string | null> {
  const token = loginToken(location.hash);
  if (token === null) return null;
  history.replaceState(null, '', location.pathname);
  try {
    await client.login(token);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

async function start(): Promise<void> {
  applyTheme(document.documentElement, localStorage);
  const refusal = await signIn();
  try {
    await startChat(client, readAddress(location.hash));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    // A browser that is signed in already needs no link, so a refused one matters only here.
    showGate(document.body, 'Not signed in', refusal ?? SIGNED_OUT);
  }
}

start().catch((error: unknown) => {
  const words = error instanceof Error ? error.message : String(error);
  showGate(
    document.body,
    'The chat could not be opened',
    `${words} Reload this page to try again; if Reeve was stopped, start it first.`,
  );
});
