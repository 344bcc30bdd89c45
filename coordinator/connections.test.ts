import { cardSchema, type StoredFile } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { connectCard, connectionText, connectKey, isConnectKey } from './connect-card.ts';
import { type Connection, createConnectionsReader } from './connections.ts';
import type { People } from './people.ts';
import { DEFAULT_COORDINATOR_SETTINGS, DEFAULT_LIVE_SETTINGS, type Reach } from './settings.ts';
import { cardLines } from './testing/card-lines.ts';

interface Scene {
  readonly reach?: Reach;
  readonly isOn?: boolean;
  readonly secrets?: readonly string[];
  readonly files?: readonly string[];
}

function read({ reach, isOn = false, secrets = [], files = [] }: Scene = {}) {
  const summary = isOn ? 'brave at api.example.org' : 'off: set REEVE_SOMETHING';
  const half = { isOn, summary };
  return createConnectionsReader({
    secrets: { list: async () => secrets.map((name) => ({ name }) as never) },
    people: { list: () => [] } as unknown as People,
    settings: {
      ...DEFAULT_COORDINATOR_SETTINGS,
      executorsDieWithCoordinator: true,
      webSearch: half,
      privateHosts: [],
      speech: { hearing: half, speaking: half },
    },
    live: () => ({ ...DEFAULT_LIVE_SETTINGS, modelSummary: 'gpt-x at example.org' }),
    reach: () => reach ?? { hasModel: false, telegram: null },
    store: { files: { find: async () => files.map((path) => ({ path }) as StoredFile) } as never },
  })();
}

const stateOf = (connections: readonly Connection[]) =>
  Object.fromEntries(connections.map(({ name, isOn, state }) => [name, `${isOn ? 'on' : 'off'}: ${state}`]));

describe('the menu of connections', () => {
  it('reads what is there, and calls nothing connected that is not', async () => {
    expect(stateOf(await read())).toEqual({
      telegram: 'off: not yet',
      model: 'off: not yet: a stand-in answers',
      search: 'off: not yet',
      voice: 'off: not yet',
      secrets: 'off: none yet',
      people: 'off: only you',
      files: 'off: nothing written yet',
      api: 'on: the local API is on',
    });
    const waiting = { hasModel: true, telegram: { isPaired: false, summary: 'Open t.me/x.' } };
    const full = await read({ reach: waiting, isOn: true, secrets: ['GIT'], files: ['SOUL.md'] });
    expect(stateOf(full)).toMatchObject({
      telegram: 'off: waits for you',
      model: 'on: gpt-x at example.org',
      search: 'on: brave at api.example.org',
      voice: 'on: listens and reads out',
      secrets: 'on: 1 key',
      files: 'on: SOUL.md',
    });
    expect(full[0]?.how).toEqual(['Open t.me/x.']);
  });

  it.each([true, false])('says what to do for each in three lines at most (%s)', async (isOn) => {
    for (const each of await read({ isOn, secrets: isOn ? ['GIT'] : [] })) {
      expect(each.how.length).toBeGreaterThan(0);
      expect(each.how.length).toBeLessThanOrEqual(3);
      expect(connectionText(each)).not.toContain('undefined');
    }
  });

  it('is a card whose buttons open each in place, and lead back', async () => {
    const connections = await read();
    const key = connectKey('0199-abcdef01');
    expect(isConnectKey(key)).toBe(true);
    expect(isConnectKey('tour:abcdef01:tone')).toBe(false);
    const menu = cardSchema.parse(connectCard(key, connections));
    const actions = menu.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
    for (const { action, typed } of actions) {
      if (action.kind !== 'choose') throw new Error(action.kind);
      expect(connectCard(action.card, connections, action.option)).not.toBeNull();
      expect(typed).toMatch(/^\/connect/);
    }
    expect(connectCard(key, connections, 'mail')).toBeNull();
    expect(connectCard(key, connections, 'done')?.blocks).toEqual([]);
    const search = connectCard(key, connections, 'search');
    expect(search && cardLines(search)).toEqual([
      'Web search: not yet',
      '{"kind":"list","items":["Set REEVE_SOMETHING. Then start again."]}',
      '[All connections] plain /connect',
      '[Done] primary /connect',
    ]);
  });
});
