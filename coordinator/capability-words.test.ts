import { expect, it } from 'vitest';
import { capabilityWords } from './capability-words.ts';

it('says what a task may do without a word of capabilities', () => {
  const words = capabilityWords([
    'shell:scratch:run',
    'file:scratch/**:read,write',
    'file:drive/T-3/**:create',
    'file:drive/**:delete,list,read,write',
    'http:example.org/**:get',
    'git:example.org/owner/name:read',
    'secret:GIT_HUB:use',
  ]);
  expect(words).toEqual([
    'run commands in a sandbox of its own',
    'add new files to T-3/',
    'read your files, and change or delete them after your yes',
    'read from example.org',
    'use the key GIT_HUB, without seeing it',
  ]);
  expect(capabilityWords(['file:drive/**:list,read'])).toEqual(['read your files']);
});

it('hides nothing that it has no words for', () => {
  expect(capabilityWords(['task:spawn{max:3}', 'nonsense', 'task:new:spawn'])).toEqual([
    '`task:spawn{max:3}`',
    '`nonsense`',
    '`task:new:spawn`',
  ]);
});
