import type {
  conversationViewSchema,
  ApiEvent as ServedEvent,
  statusViewSchema,
  taskDetailSchema,
  turnViewSchema,
} from '@reeve/channel-http';
import type {
  ApiEvent,
  CardAction,
  ConversationView,
  StatusView,
  TaskDetail,
  TurnView,
} from '@reeve/dashboard/api-types';
import { expectTypeOf, test } from 'vitest';
import type { z } from 'zod';

test('the page reads what the API serves; a difference does not compile', () => {
  expectTypeOf<ServedEvent>().toExtend<ApiEvent>();
  expectTypeOf<ServedActions>().toExtend<CardAction>();
  expectTypeOf<z.infer<typeof conversationViewSchema>>().toExtend<ConversationView>();
  expectTypeOf<z.infer<typeof taskDetailSchema>>().toExtend<TaskDetail>();
  expectTypeOf<z.infer<typeof statusViewSchema>>().toExtend<StatusView>();
  expectTypeOf<z.infer<typeof turnViewSchema>>().toExtend<TurnView>();
});

type Blocks = Extract<ServedEvent, { kind: 'card' }>['card']['blocks'][number];
type ServedActions = Extract<Blocks, { kind: 'actions' }>['actions'][number]['action'];
