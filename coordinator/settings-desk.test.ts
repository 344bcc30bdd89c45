import type { OwnerSettingName } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createSettingsDesk, type FixedLayers } from './settings-desk.ts';
import { noLayers } from './testing/layers.ts';
import { createMemoryConfig } from './testing/memory-config.ts';
import { createManualClock } from './testing/samples.ts';

async function openDesk(said: Partial<FixedLayers> = {}, memory = createMemoryConfig()) {
  const desk = createSettingsDesk({ store: memory.store, clock: createManualClock(), fixed: noLayers(said) });
  await desk.load();
  let requests = 0;
  const change = (name: string, text: string | null, why: string | null = null) =>
    desk.change({ name, text, why, by: 'Ada', request: `request-${++requests}` });
  const undo = (request = `request-${++requests}`) => desk.undo({ by: 'Ada', request });
  const shown = (name: OwnerSettingName) => {
    const { value, source } = desk.view(name);
    return `${value} (${source})`;
  };
  return { desk, memory, change, undo, shown };
}

describe('the settings desk', () => {
  it('makes a change count at once, and tells who listens after it counts', async () => {
    const { desk, change, shown } = await openDesk();
    const heard: number[] = [];
    desk.onChanged(() => heard.push(desk.current()['parallel-tasks']));
    expect(shown('parallel-tasks')).toBe('5 (default)');
    expect(await change('parallel-tasks', '7')).toMatchObject({
      kind: 'ok',
      value: { before: { value: '5' }, after: { value: '7', source: 'owner' } },
    });
    expect(desk.current()['parallel-tasks']).toBe(7);
    expect(heard).toEqual([7]);
  });

  it('writes one revision and one audit entry for a change, with the reason', async () => {
    const { desk, memory, change } = await openDesk();
    await change('tone', 'warm', 'it is winter');
    expect(await desk.history(9)).toMatchObject([
      { name: 'tone', before: null, value: 'warm', by: 'Ada', why: 'it is winter', undoes: null },
    ]);
    expect(memory.audit).toMatchObject([
      { event: 'setting-changed', actor: 'person:Ada', subject: 'tone', detail: { value: 'warm' } },
    ]);
  });

  it.each([
    ['parallel-tasks', 'many', 'setting-refused', 'parallel-tasks is “many”; it must be a whole number'],
    ['colour', 'red', 'setting-unknown', 'colour'],
    ['hold-seconds', '20', 'setting-pinned', 'REEVE_HOLD_SECONDS'],
    ['__proto__', '1', 'setting-unknown', '__proto__'],
  ])('refuses %s %s, and nothing changes', async (name, text, code, about) => {
    const pinned = { 'hold-seconds': { file: undefined, environment: '40' } };
    const { desk, memory, change } = await openDesk(pinned);
    const before = desk.current();
    expect(await change(name, text)).toMatchObject({
      kind: 'failed',
      failure: { code, about: expect.stringContaining(about) },
    });
    expect(desk.current()).toEqual(before);
    expect(await desk.history(9)).toEqual([]);
    expect(memory.audit).toEqual([]);
  });

  it('shows what each layer says, weakest first, whichever counts', async () => {
    const { desk, change, shown } = await openDesk({
      'quiet-hours': { file: '21:00-06:00', environment: '23:00-08:00' },
      'hold-seconds': { file: 20, environment: undefined },
    });
    await change('hold-seconds', '40');
    const layers = (name: OwnerSettingName) =>
      desk.view(name).layers.map(({ source, value }) => `${source} ${value}`);
    expect(layers('hold-seconds')).toEqual(['default 15', 'file 20', 'owner 40']);
    expect(layers('quiet-hours')).toEqual(['default off', 'file 21:00-06:00', 'environment 23:00-08:00']);
    expect(shown('quiet-hours')).toBe('23:00-08:00 (environment)');
    expect(layers('context-tokens')).toEqual(['default 24000']);
  });

  it.each([
    ['time-zone', 'Mars/Base'],
    ['quiet-hours', '25:00-07:00'],
    ['hold-seconds', 'long'],
  ])('says one example of %s, not two', async (name, text) => {
    const { change } = await openDesk();
    const refused = await change(name, text);
    expect(refused.kind === 'failed' && refused.failure.about?.split('such as')).toHaveLength(2);
  });

  it('takes changes back one after the other, the newest first, down to the layer below', async () => {
    const { change, undo, shown } = await openDesk({ 'hold-seconds': { file: 20, environment: undefined } });
    await change('hold-seconds', '30');
    await change('hold-seconds', '40');
    await change('tone', 'brief');
    await undo();
    expect([shown('tone'), shown('hold-seconds')]).toEqual(['plain (default)', '40 (owner)']);
    await undo();
    expect(shown('hold-seconds')).toBe('30 (owner)');
    await undo();
    expect(shown('hold-seconds')).toBe('20 (file)');
    expect(await undo()).toMatchObject({ kind: 'failed', failure: { code: 'setting-nothing-to-undo' } });
  });

  it('takes back what was changed after an undo, and then what was before both', async () => {
    const { change, undo, shown } = await openDesk();
    await change('tone', 'warm');
    await change('tone', 'brief');
    await undo();
    await change('tone', 'like a pirate');
    await undo();
    expect(shown('tone')).toBe('warm (owner)');
    await undo();
    expect(shown('tone')).toBe('plain (default)');
  });

  it('does the same request once, however often it comes', async () => {
    const { desk, change, undo, shown } = await openDesk();
    await change('tone', 'warm');
    await change('tone', 'brief');
    await undo('again');
    await undo('again');
    expect(shown('tone')).toBe('warm (owner)');
    expect(await desk.history(9)).toHaveLength(3);
  });

  it('gives the owner’s own wish up for what is below it', async () => {
    const { change, shown } = await openDesk({ 'hold-seconds': { file: 20, environment: undefined } });
    await change('hold-seconds', '30');
    await change('hold-seconds', null);
    expect(shown('hold-seconds')).toBe('20 (file)');
  });

  it('knows after a restart what was changed before', async () => {
    const memory = createMemoryConfig();
    const first = await openDesk({}, memory);
    await first.change('language', 'Deutsch');
    const second = await openDesk({}, memory);
    expect(second.desk.current().language).toBe('Deutsch');
  });

  it('lets a change of earlier days that is wrong today not count, and says so', async () => {
    const memory = createMemoryConfig();
    await memory.store.config.insert({
      name: 'hold-seconds',
      before: null,
      value: '99999',
      by: 'Ada',
      why: null,
      undoes: null,
      request: 'old',
      at: new Date(0),
    });
    const { desk, shown } = await openDesk({}, memory);
    expect(shown('hold-seconds')).toBe('15 (default)');
    expect(desk.trouble()).toEqual([
      expect.stringMatching(/^Your setting hold-seconds is “99999”.*\/config/),
    ]);
  });
});
