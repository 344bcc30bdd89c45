import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isQuiet,
  OWNER_SETTINGS,
  type OwnerSettingName,
  type OwnerValues,
  ownerSettingNames,
  resolveSetting,
  shownOwnerValue,
} from './owner-settings.ts';

function read(name: OwnerSettingName, owner: string) {
  const layers = { file: undefined, owner, environment: undefined };
  return resolveSetting(OWNER_SETTINGS[name].schema, layers);
}

const shown = (value: unknown) => shownOwnerValue(value as OwnerValues[OwnerSettingName]);

describe('what the owner may change', () => {
  it.each(ownerSettingNames())('%s takes its own example, and shows it as it is typed', (name) => {
    const resolved = read(name, OWNER_SETTINGS[name].example);
    expect(resolved).toMatchObject({ kind: 'value', source: 'owner' });
    if (resolved.kind !== 'value') return;
    const again = read(name, shown(resolved.value));
    expect(again).toEqual(resolved);
  });

  it.each<[OwnerSettingName, string, unknown]>([
    ['model-chat', '  gpt-5  ', 'gpt-5'],
    ['model-fallback', 'OFF', undefined],
    ['cap-task-tokens', 'off', undefined],
    ['cap-day-usd', '2.5', 2.5],
    ['streaming', 'Off', false],
    ['while-answering', 'STOP', 'stop'],
    ['voice', 'ON', true],
    ['voice-name', 'off', undefined],
    ['voice-name', ' en-GB/Anna v2 ', 'en-GB/Anna v2'],
    ['quiet-hours', '22:00 – 07:00', { from: '22:00', to: '07:00' }],
    ['context-tokens', '24000', { any: 24_000, byModel: {} }],
    ['context-tokens', 'a/b=9000, 24000 ,c=8000', { any: 24_000, byModel: { 'a/b': 9000, c: 8000 } }],
    ['tone', 'like a pirate, but a polite one', 'like a pirate, but a polite one'],
  ])('%s: %s', (name, text, value) => {
    expect(read(name, text)).toEqual({ kind: 'value', value, source: 'owner' });
  });

  it.each<[OwnerSettingName, string, string]>([
    ['parallel-tasks', '0', 'is “0”; it must be a whole number from 1 to 64'],
    ['quiet-hours', '25:00-07:00', 'two different times such as 22:00-07:00, or off'],
    ['quiet-hours', '07:00-07:00', 'two different times'],
    ['time-zone', 'Mars/Base', 'must be an IANA time zone such as Europe/Paris'],
    ['streaming', 'maybe', 'it must be on or off'],
    ['while-answering', 'shout', 'must be queue or stop'],
    ['voice-name', '?../x', 'must be the name or id of a voice'],
    ['context-tokens', '5', 'a number of tokens from 6000'],
    ['context-tokens', 'm=x', 'or model=number pairs'],
    ['tone', 'x'.repeat(201), 'must have at most 200 characters'],
    ['tone', 'two\nlines', 'must be one line'],
    ['language', 'hid\u202eden', 'must be one line of visible characters'],
    ['model-chat', '', 'must be the name of a model'],
  ])('%s refuses %s', (name, text, problem) => {
    expect(read(name, text)).toEqual({ kind: 'wrong', problem: expect.stringContaining(problem) });
  });
});

describe('layers', () => {
  const { schema } = OWNER_SETTINGS['hold-seconds'];

  it('count in this order: default, file, owner, environment', () => {
    const at = (file: unknown, owner?: string, environment?: string) =>
      resolveSetting(schema, { file, owner, environment });
    expect(at(undefined)).toEqual({ kind: 'value', value: 15, source: 'default' });
    expect(at(20)).toEqual({ kind: 'value', value: 20, source: 'file' });
    expect(at(20, '30')).toEqual({ kind: 'value', value: 30, source: 'owner' });
    expect(at(20, '30', '40')).toEqual({ kind: 'value', value: 40, source: 'environment' });
    expect(at(20, '30', '')).toEqual({ kind: 'value', value: 30, source: 'owner' });
  });

  it('say that nobody has set what has no default', () => {
    const layers = { file: undefined, owner: undefined, environment: undefined };
    expect(resolveSetting(OWNER_SETTINGS['cap-day-usd'].schema, layers)).toMatchObject({ source: 'unset' });
  });

  it('let `off` take away what a lower layer sets', () => {
    const layers = { file: 5000, owner: 'off', environment: undefined };
    expect(resolveSetting(OWNER_SETTINGS['cap-day-tokens'].schema, layers)).toEqual({
      kind: 'value',
      value: undefined,
      source: 'owner',
    });
  });
});

describe('quiet hours', () => {
  const at = (time: string) => new Date(`2026-11-21T${time}:00Z`);

  it('may pass midnight and go by the owner’s clock', () => {
    const night = { from: '22:00', to: '07:00' };
    expect(
      ['21:59', '22:00', '00:00', '06:59', '07:00'].map((time) => isQuiet(night, at(time), 'UTC')),
    ).toEqual([false, true, true, true, false]);
    expect(isQuiet(night, at('21:30'), 'Europe/Paris')).toBe(true);
    expect(isQuiet(undefined, at('23:00'), 'UTC')).toBe(false);
  });

  it('and their opposite share the day between them', () => {
    const clock = fc
      .record({ hour: fc.nat(23), minute: fc.nat(59) })
      .map(({ hour, minute }) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
    fc.assert(
      fc.property(clock, clock, clock, (from, to, now) => {
        fc.pre(from !== to);
        const isIn = isQuiet({ from, to }, at(now), 'UTC');
        expect(isQuiet({ from: to, to: from }, at(now), 'UTC')).toBe(!isIn);
      }),
    );
  });
});
