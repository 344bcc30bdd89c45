/**
 * Node's HTTP without `import … from 'node:http'`: that reads each of its exports, one of which loads all of `fetch`, at
 * 18 ms of an executor's start (Node 24).
 */
// biome-ignore lint/plugin: a built-in that the import law lets in; an import would cost what is said above
export const { Agent, createServer, request: httpRequest } = process.getBuiltinModule('node:http');

/**
 * Options of a request over a Unix socket. Without a `servername` Node works one out of the host, whose first look for an
 * IPv6 address costs 3 ms.
 */
export function doorOf(socketPath: string): { readonly socketPath: string; readonly servername: '' } {
  return { socketPath, servername: '' };
}
