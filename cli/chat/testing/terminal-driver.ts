import { readFile } from 'node:fs/promises';
import { argv, stdin, stdout } from 'node:process';
import { runTerminalChat } from '../terminal-chat.ts';

/** The terminal chat as a program of its own, for a real pseudo-terminal: `terminal-driver.ts <url> <token>`. */
const [, , url = '', token = ''] = argv;
await runTerminalChat({
  url,
  token,
  conversation: 'main',
  colour: true,
  input: stdin,
  output: stdout,
  readFile,
});
stdout.write('left\n');
