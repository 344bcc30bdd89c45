import { createRoute, z } from '@hono/zod-openapi';
import { apiEventSchema } from './events.ts';
import { conversation, json, limit, problems, security } from './routes.ts';
import { turnViewSchema } from './views.ts';

const placedEventSchema = z
  .strictObject({
    /** Where it stands: the number of the first event with its key. */
    position: z.number().int(),
    number: z.number().int(),
    event: apiEventSchema,
  })
  .openapi('PlacedEvent');

const position = z.coerce.number().int().min(0).optional();
const empty = (description: string) => ({ description });

export const createLink = createRoute({
  method: 'post',
  path: '/v1/login-links',
  summary: 'Make a link that signs one browser in: as the owner, or as a person whom the owner has admitted.',
  security,
  request: {
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z.strictObject({
            person: z.string().min(1).max(100).optional().openapi({
              description: 'Their id in the channel `http`, as `/people` lists it.',
              example: 'grace',
            }),
          }),
        },
      },
    },
  },
  responses: {
    201: json(z.strictObject({ url: z.string(), expiresAt: z.iso.datetime() }), 'The link; it works once'),
    ...problems,
  },
});

export const login = createRoute({
  method: 'post',
  path: '/v1/login',
  summary: 'Exchange the token of a link for a session cookie. Needs no token but that.',
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ token: z.string().max(200) }) } },
    },
  },
  responses: { 204: empty('Signed in; the cookie is set'), ...problems },
});

export const logout = createRoute({
  method: 'post',
  path: '/v1/logout',
  summary: 'Sign this browser out.',
  security,
  responses: { 204: empty('Signed out'), ...problems },
});

export const getTimeline = createRoute({
  method: 'get',
  path: '/v1/conversations/{conversation}/timeline',
  summary:
    'What is shown of a conversation: messages, cards as they are now, what people said. Oldest first.',
  security,
  request: {
    params: z.object({ conversation }),
    query: z.object({
      before: position.openapi({
        description: 'A page that ends before this position; without it, the newest.',
      }),
      after: position.openapi({ description: 'A page that begins after this position.' }),
      limit,
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        items: z.array(placedEventSchema),
        /** There is more on the side that was asked for. */
        hasMore: z.boolean(),
        /** The number of the newest event of all, read before the page: a stream goes on after it. */
        newest: z.number().int(),
      }),
      'A page',
    ),
    ...problems,
  },
});

export const search = createRoute({
  method: 'get',
  path: '/v1/search',
  summary: 'Messages of all conversations that hold every word, newest first.',
  security,
  request: { query: z.object({ q: z.string().max(200), limit }) },
  responses: {
    200: json(z.strictObject({ hits: z.array(placedEventSchema) }), 'What was found'),
    ...problems,
  },
});

export const setTitle = createRoute({
  method: 'put',
  path: '/v1/conversations/{conversation}/title',
  summary: 'Name a conversation.',
  security,
  request: {
    params: z.object({ conversation }),
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ title: z.string() }) } },
    },
  },
  responses: { 200: json(z.strictObject({ title: z.string() }), 'Its title now'), ...problems },
});

export const getTurn = createRoute({
  method: 'get',
  path: '/v1/turns/{turn}',
  summary:
    'How a turn came to its answer: each completed round of the coordinator’s model with its calls and results.',
  security,
  request: { params: z.object({ turn: z.string().max(200) }) },
  responses: { 200: json(turnViewSchema, 'The turn; no rounds when it called nothing'), ...problems },
});
