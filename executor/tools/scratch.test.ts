import { expect, test } from 'vitest';
import { createFakeSandbox } from '../testing/fake-house.ts';
import { runShell } from './scratch.ts';
import type { ToolContext } from './tool.ts';

test.each([
  ['# write two lines to a.csv\nfor i in 1 2; do echo $i; done > a.csv', 'ran “write two lines to a.csv”'],
  ['# nothing follows', 'ran `# nothing follows`'],
  ['#!/bin/sh\ndate', 'ran `#!/bin/sh date`'],
  ['date # now', 'ran `date # now`'],
])(
  'a command is called by the comment that it begins with, else by its beginning: %j',
  async (command, activity) => {
    const context = {
      shim: createFakeSandbox().shim,
      scratch: { changed: () => undefined },
      signal: undefined,
    };
    const result = await runShell({ command, timeout_seconds: 1 }, context as unknown as ToolContext);
    expect(result.activity).toBe(activity);
  },
);
