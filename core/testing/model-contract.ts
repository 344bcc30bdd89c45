import { afterEach, describe, expect, it } from 'vitest';
import { type ChatChunk, type ChatRequest, collectAnswer, type Model } from '../model.ts';

/** A model for one test, and the end of what it needs. */
export interface ModelFixture {
  readonly model: Model;
  /** A request that this model answers with text of several words. */
  readonly talk: ChatRequest;
  /** A request that it answers with at least one call of a tool that the request offers. */
  readonly work: ChatRequest;
  dispose(): Promise<void>;
}

/** What every `Model` promises, whatever stands behind it. `create` makes a model that shares nothing with an earlier one. */
export function modelContract(name: string, create: () => Promise<ModelFixture>): void {
  describe(`model contract: ${name}`, () => {
    const opened: ModelFixture[] = [];
    const open = async (): Promise<ModelFixture> => {
      const fixture = await create();
      opened.push(fixture);
      return fixture;
    };
    afterEach(async () => {
      for (const fixture of opened.splice(0)) await fixture.dispose();
    });

    it('ends with exactly one end chunk, and nothing after it', async () => {
      const { model, talk } = await open();
      const kinds = (await chunksOf(model, talk)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'end')).toHaveLength(1);
      expect(kinds.at(-1)).toBe('end');
    });

    it('streams text in pieces that make a whole answer', async () => {
      const { model, talk } = await open();
      const chunks = await chunksOf(model, talk);
      expect(chunks.filter(({ kind }) => kind === 'text').length).toBeGreaterThan(1);
      const answer = await collectAnswer(model.stream(talk, new AbortController().signal));
      expect(answer).toMatchObject({ reason: 'stop', toolCalls: [] });
      expect(answer.text.trim().split(/\s+/).length).toBeGreaterThan(1);
      expect(answer.model).not.toBe('');
    });

    it('calls an offered tool with arguments that are a JSON object, under an id of its own', async () => {
      const { model, work } = await open();
      const answer = await collectAnswer(model.stream(work, new AbortController().signal));
      expect(answer.reason).toBe('tool-calls');
      expect(answer.toolCalls.length).toBeGreaterThan(0);
      for (const call of answer.toolCalls) {
        expect(work.tools.map((tool) => tool.function.name)).toContain(call.function.name);
        expect(JSON.parse(call.function.arguments)).toBeTypeOf('object');
      }
      expect(new Set(answer.toolCalls.map(({ id }) => id)).size).toBe(answer.toolCalls.length);
    });

    it('reports usage in whole tokens', async () => {
      const { model, talk } = await open();
      const { usage } = await collectAnswer(model.stream(talk, new AbortController().signal));
      expect(usage?.inputTokens).toBeGreaterThan(0);
      expect(usage?.outputTokens).toBeGreaterThan(0);
      expect(Number.isInteger(usage?.outputTokens)).toBe(true);
    });

    it('answers two calls at the same time without mixing them', async () => {
      const { model, talk, work } = await open();
      const signal = new AbortController().signal;
      const [said, called] = await Promise.all([
        collectAnswer(model.stream(talk, signal)),
        collectAnswer(model.stream(work, signal)),
      ]);
      expect(said.toolCalls).toEqual([]);
      expect(called.toolCalls.length).toBeGreaterThan(0);
    });

    it('throws the reason of an abort that came before the call', async () => {
      const { model, talk } = await open();
      const reason = new Error('no longer wanted');
      await expect(chunksOf(model, talk, AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    it('throws the reason of an abort in mid-stream', async () => {
      const { model, talk } = await open();
      const reason = new Error('changed my mind');
      const stop = new AbortController();
      const reading = (async () => {
        for await (const chunk of model.stream(talk, stop.signal))
          if (chunk.kind === 'text') stop.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
    });

    it('lets a reader stop early', async () => {
      const { model, talk } = await open();
      for await (const chunk of model.stream(talk, new AbortController().signal)) {
        expect(chunk.kind).toBe('text');
        break;
      }
      await expect(chunksOf(model, talk)).resolves.not.toEqual([]);
    });
  });
}

async function chunksOf(
  model: Model,
  request: ChatRequest,
  signal = new AbortController().signal,
): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = [];
  for await (const chunk of model.stream(request, signal)) chunks.push(chunk);
  return chunks;
}
