import { type Api, problem } from './guard.ts';
import { valueOr } from './refusal.ts';
import * as routes from './routes.ts';

/** Adds the owner's files: reading them, and handing new ones over. */
export function addFiles(api: Api, { channel }: { channel: string }): void {
  api.openapi(routes.listFiles, async (context) =>
    context.json({ files: await context.var.visitor.desk.listFiles(context.req.valid('query').prefix) }, 200),
  );
  api.openAPIRegistry.registerPath(routes.downloadFile);
  api.get('/v1/files/*', async (context) => {
    const path = decodePath(context.req.path.slice('/v1/files/'.length));
    if (path === null) return problem('file-name-refused');
    const opened = await context.var.visitor.desk.openFile(path);
    if (opened.kind === 'failed') return problem(opened.failure.code, opened.failure.about);
    const { entry, content } = opened.value;
    return new Response(ReadableStream.from(content), { headers: downloadHeaders(entry.path, entry.bytes) });
  });
  api.openapi(routes.uploadFile, async (context) => {
    const { body } = context.req.raw;
    const { desk, sender } = context.var.visitor;
    const content: AsyncIterable<Uint8Array> = body ?? ReadableStream.from([]);
    const stored = valueOr(await desk.saveUpload(context.req.valid('query').name, content, sender, channel));
    return 'refused' in stored
      ? stored.refused
      : context.json(
          { path: stored.path, bytes: stored.bytes, sha256: stored.sha256, modifiedAt: stored.modifiedAt },
          201,
        );
  });
}

function decodePath(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** A download that no browser runs or shows in place; the name is encoded as RFC 6266 and RFC 8187 say. */
function downloadHeaders(path: string, bytes: number): Record<string, string> {
  const name = path.split('/').at(-1) ?? 'file';
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes),
    'content-disposition': `attachment; filename="file"; filename*=UTF-8''${encoded}`,
    'content-security-policy': "sandbox; default-src 'none'",
  };
}
