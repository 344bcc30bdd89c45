import { describe, expect, it } from 'vitest';
import { answerFor, goalText, sayText, startText } from './model-script.ts';

const user = (content: string) => ({ role: 'user', content });
const called = { role: 'assistant', content: '', tool_calls: [{}] };

describe('the model of the bench', () => {
  it('answers the newest words, with its round', () => {
    const answer = answerFor({ messages: [user(sayText(1)), called, user(sayText(2))] });
    expect(answer).toMatchObject({ key: 'bench:say 2 #0', calls: [] });
    expect(answer.text).not.toBe('');
  });

  it('starts as many tasks as were ordered, once', () => {
    const order = user(startText('burn', 2, 'b'));
    expect(answerFor({ messages: [order] }).calls.map((call) => call.arguments['goal'])).toEqual([
      'bench:burn b.0',
      'bench:burn b.1',
    ]);
    expect(answerFor({ messages: [order, called, { role: 'tool', content: 'T-1' }] })).toMatchObject({
      key: 'bench:start burn 2 b #1',
      calls: [],
    });
  });

  it('knows a task by its goal and its folder', () => {
    const goal = user(`${goalText('erase', 'a', 0)}\n\n[Task T-7; files go to T-7/]`);
    const answer = answerFor({ messages: [{ role: 'system', content: 'instructions' }, goal, called] });
    expect(answer.key).toBe('bench:erase a.0 #1');
    expect(answer.calls.at(-1)).toMatchObject({
      name: 'files_delete',
      arguments: { path: 'T-7/note-1.txt' },
    });
  });
});
