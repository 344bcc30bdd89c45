import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface ProbeRequest {
  readonly id: number;
  readonly where: 'loop' | 'sandbox';
  /** Body of an async function with `load` (a synchronous import of a Node module) in scope. */
  readonly code: string;
}

export type ProbeAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Calls `receive` with each JSON line that arrives. */
export function readLines<T>(socket: Socket, receive: (message: T) => void): void {
  createInterface({ input: socket }).on('line', (line) => receive(JSON.parse(line) as T));
}

export function writeLine(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Runs the code of a request where it arrives: only ever inside a sandbox. */
export async function answerProbe({ id, code }: ProbeRequest): Promise<ProbeAnswer> {
  try {
    const run = new Function('load', `return (async () => { ${code} })()`);
    return { id, value: (await run(process.getBuiltinModule)) ?? null };
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? error.code : undefined;
    return { id, error: String(errno ?? error) };
  }
}
