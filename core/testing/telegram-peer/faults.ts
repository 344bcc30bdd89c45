/** What goes wrong with a call, as networks and servers do it. */
export type Fault =
  /** Nothing: lets a call through before the next fault. */
  | { readonly kind: 'none' }
  | { readonly kind: 'too-many-requests'; readonly retryAfter: number }
  | { readonly kind: 'server-error' }
  /** The call is never answered; the client has to give up. */
  | { readonly kind: 'hang' }
  /** The call is carried out, and its answer is lost on the way. */
  | { readonly kind: 'lost-response' }
  | { readonly kind: 'malformed-json' };

export interface Faults {
  /** The next `times` calls of a method go wrong like this. */
  inject(method: string, fault: Fault, times?: number): void;
  /** Takes the fault that the next call of a method meets, or null. */
  take(method: string): Fault | null;
}

export function createFaults(): Faults {
  const waiting = new Map<string, Fault[]>();
  return {
    inject(method, fault, times = 1) {
      const name = method.toLowerCase();
      waiting.set(name, [...(waiting.get(name) ?? []), ...Array<Fault>(times).fill(fault)]);
    },
    take: (method) => waiting.get(method.toLowerCase())?.shift() ?? null,
  };
}
