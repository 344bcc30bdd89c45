import { estimateText, executorTools } from '@reeve/core';
import { sampleAssignment } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { type Briefing, conversationOf } from './conversation.ts';

const briefing = (more: Partial<Briefing> = {}): Briefing => ({ ...sampleAssignment(), ...more });
const searching = { tools: [...executorTools({ webSearch: true })] };
const textOf = (index: number, of: Briefing) => String(conversationOf(of, [])[index]?.content);

describe('what a worker’s model is told before it has done anything', () => {
  it('comes to 2,500 tokens at most, with every tool', () => {
    const [instructions] = conversationOf(briefing(searching), []);
    const tokens = estimateText(JSON.stringify(instructions)) + estimateText(JSON.stringify(searching.tools));
    expect(tokens).toBeLessThanOrEqual(2500);
  });

  it('is the same to the byte whatever the task is, so that providers can cache it', () => {
    const other = briefing({ task: { ...sampleAssignment().task, goal: 'another' } });
    expect(textOf(0, other)).toBe(textOf(0, briefing()));
    const tools = () => JSON.stringify(executorTools({ webSearch: false }));
    expect(tools()).toBe(tools());
  });

  it('says how commands get a network, and of searching only where that is set', () => {
    for (const tool of ['network_open', 'git_open', 'secret:NAME'])
      expect(textOf(0, briefing())).toContain(tool);
    expect(textOf(0, briefing())).not.toContain('web_search');
    expect(textOf(0, briefing(searching))).toContain('web_search');
  });

  it('names the owner’s secrets with their hosts, and nothing where there are none', () => {
    const secrets = [
      { name: 'TIDES', hosts: ['tides.example.org', 'moon.example.org'] },
      { name: 'GIT_A', hosts: ['git.example.org'] },
    ];
    expect(textOf(1, briefing({ secrets }))).toContain(
      '[Secrets: secret:TIDES for tides.example.org, moon.example.org; secret:GIT_A for git.example.org.]',
    );
    expect(textOf(1, briefing())).not.toContain('ecret');
  });
});
