/** One instruction of classic BPF, as in linux/filter.h. */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip when the comparison holds, and when not. */
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

/** Instructions that end in a verdict on every path. */
export type Block = readonly Instruction[];

/** Codes of the instructions used here: class, size or operation, and mode of linux/bpf_common.h together. */
export const opcodes = {
  loadWord: 0x20,
  and: 0x54,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfAnyBit: 0x45,
  return: 0x06,
} as const;

export const allow = 0x7fff_0000;
const errnoBase = 0x0005_0000;

/** Lower 32 bits of an argument: each that is looked at here is one the kernel itself cuts to 32 bits, or a flag there. */
export function argumentOffset(index: number): number {
  return 16 + 8 * index;
}

export function load(offset: number): Instruction {
  return { code: opcodes.loadWord, whenTrue: 0, whenFalse: 0, value: offset };
}

export function mask(bits: number): Instruction {
  return { code: opcodes.and, whenTrue: 0, whenFalse: 0, value: bits };
}

export function pass(): Block {
  return [{ code: opcodes.return, whenTrue: 0, whenFalse: 0, value: allow }];
}

/** The call fails with this error number. */
export function refuse(errno: number): Block {
  return [{ code: opcodes.return, whenTrue: 0, whenFalse: 0, value: errnoBase | errno }];
}

/** Goes on behind `block` unless the loaded word equals `value`. */
export function whenEqual(value: number, block: Block): Block {
  return [jump(opcodes.jumpIfEqual, value, 0, block.length), ...block];
}

export function whenGreater(value: number, block: Block): Block {
  return [jump(opcodes.jumpIfGreater, value, 0, block.length), ...block];
}

export function whenAnyBit(bits: number, block: Block): Block {
  return [jump(opcodes.jumpIfAnyBit, bits, 0, block.length), ...block];
}

/** `matched` when the loaded word is one of `values`, else `otherwise`. */
export function oneOf(values: readonly number[], matched: Block, otherwise: Block): Block {
  return [
    ...values.map((value, index) =>
      jump(opcodes.jumpIfEqual, value, values.length - 1 - index + otherwise.length, 0),
    ),
    ...otherwise,
    ...matched,
  ];
}

function jump(code: number, value: number, whenTrue: number, whenFalse: number): Instruction {
  if (Math.max(whenTrue, whenFalse) > 255) throw new Error('a BPF jump is too far');
  return { code, whenTrue, whenFalse, value };
}

/** As the kernel reads it: struct sock_filter, little endian on both architectures that are supported. */
export function encodeProgram(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(({ code, whenTrue, whenFalse, value }, index) => {
    const at = 8 * index;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(whenTrue, at + 2);
    bytes.writeUInt8(whenFalse, at + 3);
    bytes.writeUInt32LE(value >>> 0, at + 4);
  });
  return bytes;
}
