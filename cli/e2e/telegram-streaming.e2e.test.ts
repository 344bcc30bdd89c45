import { describe, expect, it } from 'vitest';
import { eventually } from '../testing/reeve-process.ts';
import { startSlowModelServer } from '../testing/slow-model-server.ts';
import { ANN_ID, openTelegramHouse } from '../testing/telegram-house.ts';

function settings(url: string): Record<string, string> {
  return { OPENAI_BASE_URL: url, OPENAI_API_KEY: 'sk-test', REEVE_MODEL_COORDINATOR: 'slow' };
}

describe('an answer on Telegram while it is written', () => {
  it('shows as a draft, and Stop ends the model’s call and leaves running tasks alone', async () => {
    await using model = await startSlowModelServer(Array(600).fill('word '), 100);
    await using house = await openTelegramHouse(settings(model.url));
    const { ann, peer } = house;
    ann.say('tell me everything');
    await eventually('a growing draft', async () => (peer.draft(ANN_ID)?.text.length ?? 0) > 20);
    expect(peer.draft(ANN_ID)?.canStop).toBe(true);
    expect(peer.fromBot(ANN_ID)).toEqual([]);
    ann.stopDraft();
    await eventually('the end of the model’s call', async () => model.hungUpAt());
    const answer = await house.shown('what was there', ({ text }) => text.startsWith('word word'));
    expect(answer.text).toContain('…');
    expect(peer.draft(ANN_ID)).toBeNull();
  });

  it('ends as the model’s own text, after the rendering rules, right behind its last word', async () => {
    const words = [
      '**Bold**',
      ' and',
      ' `code`',
      ' and',
      ' café',
      ' 👩‍👩‍👧',
      ' x < y & z\n\n',
      '- one\n',
      '- two',
    ];
    await using model = await startSlowModelServer(words, 250);
    await using house = await openTelegramHouse(settings(model.url));
    house.ann.say('write something');
    const answer = await house.shown('the answer', ({ text }) => text.includes('two'));
    expect(answer.text).toBe('Bold and code and café 👩‍👩‍👧 x < y & z\n\n• one\n• two');
    expect(answer.entities.map(({ type, offset, length }) => [type, offset, length])).toEqual([
      ['bold', 0, 4],
      ['code', 9, 4],
    ]);
    expect(answer.at).toBeGreaterThan(
      performance.timeOrigin + (model.lastWordAt() ?? Number.POSITIVE_INFINITY),
    );
    const drafts = house.peer.calls.filter(({ method }) => method === 'sendmessagedraft');
    expect(drafts.length).toBeGreaterThanOrEqual(2);
    expect(house.peer.calls.filter(({ status }) => status >= 400)).toEqual([]);
  });
});
