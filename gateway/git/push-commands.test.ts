import { expect, it } from 'vitest';
import { readPushHead } from './push-commands.ts';

const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);

/** The head of a push of one ref, whose name ends in the given bytes; something may stand before the command. */
async function headOf(name: Buffer, before = '') {
  const command = Buffer.concat([
    Buffer.from(`${before}${OLD} ${NEW} refs/heads/caf`),
    name,
    Buffer.from('\0report-status'),
  ]);
  const length = (command.length + 4).toString(16).padStart(4, '0');
  async function* body() {
    yield Buffer.concat([Buffer.from(length), command, Buffer.from('0000')]);
  }
  return readPushHead(body());
}

it('reads the name of a ref as UTF-8', async () => {
  expect(await headOf(Buffer.from('é'))).toMatchObject({
    kind: 'commands',
    commands: [{ ref: 'refs/heads/café', old: OLD, new: NEW }],
  });
});

it('refuses a name that is not UTF-8: it would read as another', async () => {
  expect(await headOf(Buffer.from([0xe9]))).toEqual({
    kind: 'refused',
    reason: 'Not pushed: a ref has a name that is not UTF-8.',
  });
});

it('takes no mark of a byte order off a command', async () => {
  expect(await headOf(Buffer.from('é'), '\ufeff')).toMatchObject({ kind: 'refused' });
});
