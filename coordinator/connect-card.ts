import type { Card } from '@reeve/core';
import type { Connection } from './connections.ts';

/** Options of the menu that are no connection's name. */
const ALL = 'all';
const DONE = 'done';
const ENTRY_CHARACTERS = 8;
const KEY = /^connect:[^:]+$/;

/** The key of the menu that a message asked for. Short, because a chat's button may carry little besides. */
export function connectKey(entry: string): string {
  return `connect:${entry.slice(-ENTRY_CHARACTERS)}`;
}

export function isConnectKey(key: string): boolean {
  return KEY.test(key);
}

/** What the menu shows after this answer; null for one that it does not offer. */
export function connectCard(key: string, connections: readonly Connection[], option = ALL): Card | null {
  if (option === ALL) return menu(key, connections);
  if (option === DONE) return { key, title: 'Connections: /connect shows them again.', blocks: [] };
  const chosen = connections.find(({ name }) => name === option);
  return chosen ? detail(key, chosen) : null;
}

/** One connection in words, for whoever types its name. */
export function connectionText({ label, state, how }: Connection): string {
  return [`**${label}**: ${state}.`, ...how.map((line) => `- ${line}`)].join('\n');
}

function menu(key: string, connections: readonly Connection[]): Card {
  return {
    key,
    title: 'What I can be connected to',
    blocks: [
      {
        kind: 'fields',
        fields: connections.map(({ label, isOn, state }) => ({
          name: label,
          value: isOn ? `✓ ${state}` : state,
        })),
      },
      {
        kind: 'actions',
        actions: [
          ...connections.map(({ name, label }) => button(key, label, name)),
          button(key, 'Done', DONE, 'primary'),
        ],
      },
    ],
  };
}

function detail(key: string, { label, state, how }: Connection): Card {
  return {
    key,
    title: `${label}: ${state}`,
    blocks: [
      // Cards show text as it stands, without Markdown.
      { kind: 'list', items: how.map((line) => line.replaceAll('`', '')) },
      {
        kind: 'actions',
        actions: [button(key, 'All connections', ALL), button(key, 'Done', DONE, 'primary')],
      },
    ],
  };
}

function button(key: string, label: string, option: string, style: 'plain' | 'primary' = 'plain') {
  return {
    label,
    style,
    action: { kind: 'choose' as const, card: key, option },
    typed: option === ALL || option === DONE ? '/connect' : `/connect ${option}`,
  };
}
