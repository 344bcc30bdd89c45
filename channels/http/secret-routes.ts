import { createRoute, z } from '@hono/zod-openapi';
import { json, problems, security } from './routes.ts';

export const secretViewSchema = z
  .strictObject({
    name: z.string(),
    hosts: z.array(z.string()),
    version: z.number().int(),
    keyVersion: z.number().int(),
    changedAt: z.string(),
  })
  .openapi('Secret');

export const secretListSchema = z.strictObject({ secrets: z.array(secretViewSchema) });
export const rekeyedSchema = z.strictObject({ keyVersion: z.number().int(), secrets: z.number().int() });

const params = z.object({ name: z.string().max(200).openapi({ example: 'GITHUB' }) });

export const listSecrets = createRoute({
  method: 'get',
  path: '/v1/secrets',
  summary: 'Names of secrets and where they may go; never their values.',
  security,
  responses: { 200: json(secretListSchema, 'Secrets'), ...problems },
});

export const putSecret = createRoute({
  method: 'put',
  path: '/v1/secrets/{name}',
  summary: 'Set a secret, or give it a new value; without `hosts` it keeps those it has.',
  security,
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            value: z.string(),
            hosts: z.array(z.string().max(255)).max(50).optional(),
          }),
        },
      },
    },
  },
  responses: { 200: json(secretViewSchema, 'The secret as it is now'), ...problems },
});

export const deleteSecret = createRoute({
  method: 'delete',
  path: '/v1/secrets/{name}',
  summary: 'Remove a secret with all its versions.',
  security,
  request: { params },
  responses: { 200: json(z.strictObject({ name: z.string() }), 'Removed'), ...problems },
});

export const rekeySecrets = createRoute({
  method: 'post',
  path: '/v1/secret-keys',
  summary: 'Make a new version of the key that wraps all secrets, and wrap them with it.',
  security,
  responses: { 200: json(rekeyedSchema, 'Wrapped anew'), ...problems },
});
