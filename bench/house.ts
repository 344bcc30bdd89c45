import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ApiEvent, apiEventSchema, taskDetailSchema } from '@reeve/channel-http';
import { eventually, makeTestHome, type RunningReeve, startReeve, type TestHome } from 'reeve/testing';
import type { z } from 'zod';
import { type EventFeed, followEvents } from './event-feed.ts';
import { createLoopback, type Loopback } from './loopback.ts';
import { type BenchJob, sayText, startText } from './model-script.ts';
import { type ModelServer, openModelServer } from './model-server.ts';

type TaskDetail = z.infer<typeof taskDetailSchema>;

interface HouseCalls {
  /** Sends a message; resolves when it is accepted. */
  say(conversation: string, text: string): Promise<void>;
  /** Starts tasks in a conversation named after the tag and resolves with their ids once the answer is there. */
  startTasks(job: BenchJob, count: number, tag: string): Promise<readonly string[]>;
  task(id: string): Promise<TaskDetail>;
  /** Says yes, once or for everything alike that the task asks. */
  approve(code: string, scope?: 'once' | 'task'): Promise<void>;
  cancel(id: string): Promise<void>;
}

/** A real `reeve up` in a process of its own, on a home of its own, whose model is the bench's. */
export interface House extends HouseCalls, AsyncDisposable {
  readonly reeve: RunningReeve;
  readonly home: TestHome;
  readonly model: ModelServer;
  readonly events: EventFeed<ApiEvent>;
}

/**
 * Opens a house; `settings` are added to its environment. It has answered once when it is returned, so that nothing
 * measured pays for a first time.
 */
export async function openHouse(settings: Readonly<Record<string, string>> = {}): Promise<House> {
  await using opened = new AsyncDisposableStack();
  const home = opened.use(await makeTestHome());
  const model = opened.use(await openModelServer());
  const reeve = opened.use(await startReeve(home, { ...houseSettings(model.baseUrl), ...settings }));
  const token = (await readFile(path.join(home.path, 'keys', 'api-token'), 'utf8')).trim();
  const client = opened.use(createLoopback({ port: Number(new URL(reeve.url).port) }, token));
  const stream = await client.open('GET', '/v1/events');
  opened.defer(() => void stream.destroy());
  const events = followEvents(stream, (data) => apiEventSchema.parse(JSON.parse(data)));
  const calls = createCalls(client, events);
  const answer = events.next('the first answer', (event) => isAnswer(event, 'warm-up'));
  await calls.say('warm-up', sayText(0));
  await answer;
  const resources = opened.move();
  return { ...calls, reeve, home, model, events, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** What a house is asked to do over its local API. */
function createCalls(client: Loopback, events: EventFeed<ApiEvent>): HouseCalls {
  async function call(method: string, route: string, body?: object): Promise<unknown> {
    const answer = await client.send(method, route, body && JSON.stringify(body));
    if (answer.status >= 300) throw new Error(`${method} ${route} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  async function say(conversation: string, text: string): Promise<void> {
    await call('POST', `/v1/conversations/${conversation}/messages`, { text });
  }

  return {
    say,
    async startTasks(job, count, tag) {
      const answer = events.next('the answer', (event) => isAnswer(event, tag));
      await say(tag, startText(job, count, tag));
      const { event } = await answer;
      return 'about' in event && event.about.kind === 'turn' ? event.about.tasks : [];
    },
    task: async (id) => taskDetailSchema.parse(await call('GET', `/v1/tasks/${id}`)),
    async approve(code, scope = 'once') {
      await call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve', scope });
    },
    async cancel(id) {
      await call('POST', `/v1/tasks/${id}/cancel`);
    },
  };
}

/** True for the coordinator's answer to a message in a conversation. */
export function isAnswer(event: ApiEvent, conversation: string): boolean {
  return event.kind === 'message' && event.conversation === conversation && event.about.kind === 'turn';
}

/** Waits until a task is over. */
export function untilOver(house: House, id: string): Promise<TaskDetail> {
  return eventually(`the end of ${id}`, async () => {
    const task = await house.task(id);
    return task.endedAt !== null && task;
  });
}

/** Waits until a task has at least so many steps. */
export function untilStep(house: House, id: string, steps: number): Promise<TaskDetail> {
  return eventually(`step ${steps} of ${id}`, async () => {
    const task = await house.task(id);
    return task.steps >= steps && task;
  });
}

function houseSettings(modelUrl: string): Record<string, string> {
  return {
    OPENAI_BASE_URL: modelUrl,
    OPENAI_API_KEY: 'bench',
    REEVE_MODEL_COORDINATOR: 'bench-1',
    REEVE_LOG_LEVEL: 'info',
  };
}
