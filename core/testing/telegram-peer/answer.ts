/** What a method comes to: a result, or an error in Telegram's words. */
export type Answer =
  | { readonly kind: 'ok'; readonly result: unknown }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly description: string;
      readonly retryAfter?: number;
      /** The supergroup that a group has become. */
      readonly migrateTo?: number;
    };

export function ok(result: unknown): Answer {
  return { kind: 'ok', result };
}

export function badRequest(description: string): Answer {
  return { kind: 'error', status: 400, description: `Bad Request: ${description}` };
}

export function refusal(status: number, description: string, retryAfter?: number): Answer {
  return { kind: 'error', status, description, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
