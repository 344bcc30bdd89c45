import { shorten } from '@reeve/core';
import { answer, type Command, failed } from './command-registry.ts';

export const start: Command = {
  name: 'start',
  usage: '[again]',
  description: 'a tour of two minutes; it goes on where you were, “again” begins it anew',
  ownerOnly: false,
  run: async (deps, call) => {
    if (call.role !== 'owner')
      return answer(
        `Hello ${shorten(call.entry.sender.name, 40)}. Tell me what you want done. /help lists the commands.`,
      );
    const move = await deps.onboarding.begin(call.entry, call.rest.toLowerCase() === 'again');
    return answer(move.sentence, move.commit);
  },
};

export const choose: Command = {
  name: 'choose',
  usage: 'tone warm',
  description: 'answer a card of the tour',
  ownerOnly: true,
  run: async (deps, call) => {
    const [, step = '', option = ''] = /^(\S+)\s+([\s\S]+)$/.exec(call.rest) ?? [];
    if (option === '') return failed('command-usage', 'type /choose tone warm');
    const { sender, chat } = call.entry;
    const outcome = await deps.onboarding.choose(
      { sender, channel: chat.channel },
      step.toLowerCase(),
      option,
    );
    return outcome.kind === 'ok'
      ? answer(outcome.value.sentence, outcome.value.commit)
      : { kind: 'failed', failure: outcome.failure };
  },
};
