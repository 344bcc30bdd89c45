import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';

/** The two ways in which the gateway touches the network; everything it sends passes through `connect`. */
export interface Network {
  /** All addresses of a host, in the order in which to try them. Rejects when the name is not known. */
  resolve(host: string): Promise<readonly string[]>;
  /** Begins a TCP connection to an address; never to a name. */
  connect(address: string, port: number): Socket;
}

/** The system's resolver and sockets. */
export function createSystemNetwork(): Network {
  return {
    resolve: async (host) =>
      (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address),
    connect: (host, port) => connect({ host, port }),
  };
}
