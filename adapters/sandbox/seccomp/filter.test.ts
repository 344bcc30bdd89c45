import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { allow, encodeProgram, type Instruction, opcodes } from './bpf.ts';
import { buildSeccompFilter } from './filter.ts';
import { systemCalls } from './system-calls.ts';

interface Call {
  readonly number: number;
  readonly audit?: number;
  readonly arguments?: readonly number[];
}

const audits = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** Runs a program as the kernel does; 0 stands for allowed, else it is the error number. */
function judge(program: readonly Instruction[], call: Call, audit: number): number {
  const words = [call.number, call.audit ?? audit, 0, 0];
  for (const argument of call.arguments ?? []) words.push(argument >>> 0, 0xdead_beef);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const { code, value, whenTrue, whenFalse } = program[at]!;
    const jumpIf = (holds: boolean): void => {
      at += holds ? whenTrue : whenFalse;
    };
    if (code === opcodes.loadWord) accumulator = (words[value / 4] ?? 0) >>> 0;
    else if (code === opcodes.and) accumulator = (accumulator & value) >>> 0;
    else if (code === opcodes.jumpIfEqual) jumpIf(accumulator === value >>> 0);
    else if (code === opcodes.jumpIfGreater) jumpIf(accumulator > value >>> 0);
    else if (code === opcodes.jumpIfAnyBit) jumpIf((accumulator & value) !== 0);
    else return value === allow ? 0 : value & 0xffff;
  }
}

const { EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT } = constants.errno;

describe.each(['x64', 'arm64'] as const)('the filter for %s', (architecture) => {
  const program = buildSeccompFilter(architecture) ?? [];
  const index = architecture === 'x64' ? 0 : 1;
  const answer = (name: keyof typeof systemCalls, ...args: number[]): number =>
    judge(program, { number: systemCalls[name][index] ?? -1, arguments: args }, audits[architecture]);

  it('refuses what no command in scratch needs', () => {
    for (const name of ['mount', 'setns', 'ptrace', 'bpf', 'keyctl', 'init_module', 'open_tree'] as const)
      expect(answer(name), name).toBe(EPERM);
    for (const name of ['clone3', 'io_uring_setup', 'memfd_secret'] as const)
      expect(answer(name), name).toBe(ENOSYS);
  });

  it('lets processes and threads be made, but no namespace with any flag beside it', () => {
    expect(answer('clone', 0x0120_0011)).toBe(0);
    expect(answer('clone', 0x003d_0f00)).toBe(0);
    expect(answer('unshare', 0x0000_0600)).toBe(0);
    for (const flag of [17, 25, 26, 27, 28, 29, 30]) {
      expect(answer('clone', (2 ** flag) | 0x0f00), `clone ${flag}`).toBe(EPERM);
      expect(answer('unshare', 2 ** flag), `unshare ${flag}`).toBe(EPERM);
    }
    expect(answer('unshare', 0x80)).toBe(EPERM);
  });

  it('lets TCP, UDP, Unix sockets and the list of interfaces through, and no other socket', () => {
    const stream = 1 | 0o2_000_000;
    expect(answer('socket', 1, stream, 0)).toBe(0);
    expect(answer('socket', 2, stream, 6)).toBe(0);
    expect(answer('socket', 10, 2, 17)).toBe(0);
    expect(answer('socket', 16, 3, 0)).toBe(0);
    expect(answer('socket', 2, 3, 1), 'raw').toBe(EPERM);
    expect(answer('socket', 2, 3 | 0o4000, 255), 'raw, not blocking').toBe(EPERM);
    expect(answer('socket', 2, stream, 132), 'SCTP').toBe(EPROTONOSUPPORT);
    expect(answer('socket', 16, 3, 12), 'netfilter').toBe(EPROTONOSUPPORT);
    for (const family of [17, 38, 40, 44, 29, 31, 3, 4, 9, 21, 41])
      expect(answer('socket', family, 2, 0), `${family}`).toBe(EAFNOSUPPORT);
    expect(answer('socketpair', 1, 1, 0)).toBe(0);
    expect(answer('socketpair', 30, 5, 0)).toBe(EAFNOSUPPORT);
  });

  it('refuses typing into a terminal and odd personalities, and nothing else of both', () => {
    expect(answer('ioctl', 1, 0x5412)).toBe(EPERM);
    expect(answer('ioctl', 1, 0x5413)).toBe(0);
    expect(answer('personality', 0xffff_ffff)).toBe(0);
    expect(answer('personality', 0x0040_0000)).toBe(EPERM);
  });

  it('knows no call of another architecture, of x32 or of later kernels', () => {
    expect(judge(program, { number: 1, audit: 0x4000_0003 }, audits[architecture])).toBe(ENOSYS);
    expect(judge(program, { number: 0x4000_0000 + 1 }, audits[architecture])).toBe(ENOSYS);
    expect(judge(program, { number: 463 }, audits[architecture])).toBe(ENOSYS);
    expect(judge(program, { number: 0 }, audits[architecture])).toBe(0);
  });

  it('fits into what a kernel takes', () => {
    expect(encodeProgram(program)).toHaveLength(8 * program.length);
    expect(program.length).toBeLessThan(4096);
  });
});

it('is none where the numbers are unknown', () => {
  expect(buildSeccompFilter('riscv64')).toBeUndefined();
});
