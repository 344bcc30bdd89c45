import { shorten, showHiddenInLine } from '@reeve/core';
import { answer, type Command, failed } from './command-registry.ts';
import { connectCard, connectionText, connectKey } from './connect-card.ts';
import { tourEntry } from './tour-cards.ts';

export const connect: Command = {
  name: 'connect',
  usage: '[telegram | model | search | voice | secrets | people | files | api]',
  description: 'what I am connected to, what I could be, and what to do for it',
  ownerOnly: true,
  run: async (deps, call) => {
    const connections = await deps.connections();
    const name = call.rest.toLowerCase();
    if (name !== '') {
      const chosen = connections.find((each) => each.name === name || each.label.toLowerCase() === name);
      if (chosen) return answer(connectionText(chosen));
      const names = connections.map((each) => each.name).join(', ');
      return failed(
        'command-usage',
        `${shorten(showHiddenInLine(call.rest), 40)} is none of ${names}; type /connect and one of these`,
      );
    }
    const { conversationId: id, chat, id: entry } = call.entry;
    const card = connectCard(connectKey(entry), connections);
    return answer('These need your hand; each is done in a minute or two.', async (records) => {
      const now = deps.clock.now();
      if (card) await records.outbox.add(tourEntry(deps.newId(), { id, chat, createdAt: now }, card), now);
    });
  },
};
