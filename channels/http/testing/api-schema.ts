import { z } from 'zod';

interface Json {
  readonly [name: string]: unknown;
}

/** The served OpenAPI document as something that answers can be held against. */
export interface ApiSchema {
  /** Every described operation, such as `GET /v1/tasks/{task}`. */
  readonly operations: readonly string[];
  /** Problems of an answer under the operation's schema for its status; empty when it keeps to it. */
  violations(operation: string, status: number, body: unknown): string[];
}

/** Reads the document that the API itself serves. */
export async function fetchApiSchema(url: string): Promise<ApiSchema> {
  const document = (await (await fetch(new URL('/openapi.json', url))).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, Json> }>>;
    components: { schemas: Json };
  };
  const definitions = movedReferences(document.components.schemas);
  const operations = new Map<string, { responses: Record<string, Json> }>(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
    ),
  );
  return {
    operations: [...operations.keys()],
    violations(operation, status, body) {
      const responses = operations.get(operation)?.responses;
      const content = (responses?.[String(status)] ?? responses?.['default'])?.['content'] as
        | Record<string, { schema: Json }>
        | undefined;
      const [described] = Object.values(content ?? {});
      if (!described) return [`${operation} describes no answer ${status}`];
      const whole = { ...movedReferences(described.schema), $defs: definitions };
      const schema = z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
      const parsed = schema.safeParse(body);
      return parsed.success
        ? []
        : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    },
  };
}

function movedReferences(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as Json;
}
