/** The most that Reeve takes, in bytes. */
const UPLOAD_LIMIT = 25 * 1024 * 1024;

export type Uploaded =
  | { readonly kind: 'stored'; readonly path: string }
  | { readonly kind: 'failed'; readonly words: string };

/** Sends a file to Reeve; `onProgress` gets the part that is there, from 0 to 1. Never rejects. */
export function uploadFile(
  file: File,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<Uploaded> {
  if (file.size > UPLOAD_LIMIT)
    return Promise.resolve({
      kind: 'failed',
      words: `“${file.name}” has ${Math.ceil(file.size / 1024 / 1024)} MB; files up to 25 MB are taken. It was not attached.`,
    });
  return new Promise((resolve) => {
    // Not fetch: it does not tell how far an upload has come.
    const request = new XMLHttpRequest();
    const away = () =>
      resolve({
        kind: 'failed',
        words: `“${file.name}” could not be sent: Reeve cannot be reached. Attach it again.`,
      });
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onProgress(total === 0 ? 1 : loaded / total),
    );
    request.addEventListener('load', () => resolve(outcomeOf(request, file.name)));
    request.addEventListener('error', away);
    request.addEventListener('abort', away);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.open('POST', `/v1/uploads?${new URLSearchParams({ name: file.name || 'pasted' })}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.send(file);
  });
}

function outcomeOf(request: XMLHttpRequest, name: string): Uploaded {
  const answer = parsed(request.responseText);
  if (request.status === 201 && typeof answer['path'] === 'string')
    return { kind: 'stored', path: answer['path'] };
  const detail = answer['detail'];
  return {
    kind: 'failed',
    words: `“${name}” was not attached. ${typeof detail === 'string' ? detail : 'Reeve could not store it. Try again.'}`,
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
