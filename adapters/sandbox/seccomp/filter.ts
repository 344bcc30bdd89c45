import { constants } from 'node:os';
import {
  argumentOffset,
  type Block,
  type Instruction,
  load,
  mask,
  oneOf,
  pass,
  refuse,
  whenAnyBit,
  whenEqual,
  whenGreater,
} from './bpf.ts';
import { newestKnownCall, type SystemCall, systemCalls } from './system-calls.ts';

/** Architectures as Node names them. */
export type FilteredArchitecture = 'x64' | 'arm64';

const { EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT } = constants.errno;
const numberOffset = 0;
const architectureOffset = 4;
/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h. */
const architectures = {
  x64: { index: 0, audit: 0xc000_003e },
  arm64: { index: 1, audit: 0xc000_00b7 },
} as const;

/** No program that works in a scratch directory needs these; each has been a way out of sandboxes or into kernels. */
const forbidden: readonly SystemCall[] = [
  ...(['setns', 'mount', 'umount2', 'pivot_root', 'chroot', 'fsopen', 'fsconfig', 'fsmount'] as const),
  ...(['fspick', 'open_tree', 'move_mount', 'mount_setattr', 'open_by_handle_at'] as const),
  ...(['swapon', 'swapoff', 'quotactl', 'quotactl_fd', 'acct', 'nfsservctl', 'fanotify_init'] as const),
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'pidfd_getfd', 'kcmp'] as const),
  ...(['kexec_load', 'kexec_file_load', 'reboot', 'init_module', 'finit_module'] as const),
  ...(['delete_module', 'create_module', 'bpf', 'perf_event_open', 'userfaultfd'] as const),
  ...(['keyctl', 'add_key', 'request_key', 'lookup_dcookie', 'syslog', 'iopl', 'ioperm'] as const),
  ...(['modify_ldt', 'vhangup', 'sethostname', 'setdomainname', 'settimeofday', 'clock_settime'] as const),
  ...(['clock_adjtime', 'move_pages', 'migrate_pages', 'uselib', 'ustat', 'sysfs', '_sysctl'] as const),
];
/** Refused as unknown, so that C libraries and runtimes fall back to what can be judged here. */
const unknown: readonly SystemCall[] = [
  ...(['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register', 'memfd_secret'] as const),
];

/** CLONE_NEW* of linux/sched.h, but for NEWTIME, whose bit means something else to clone. */
const namespaceFlags = 0x7e02_0000;
const timeNamespaceFlag = 0x80;
/** TIOCSTI types into a terminal, TIOCLINUX pastes into a console, TIOCSETD loads a line discipline. */
const terminalTricks = [0x5412, 0x541c, 0x5423];
/** PER_LINUX, PER_LINUX32, and the question which it is. */
const personalities = [0, 8, 0xffff_ffff];
const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 };
const streamAndDatagram = [1, 2];
const socketTypeBits = 0xf;
/** Any, TCP, UDP. */
const protocols = [0, 6, 17];
const netlinkRoute = 0;

/**
 * The seccomp filter of a sandbox as bwrap's `--seccomp` reads it: allows what is not named, and refuses with an error
 * number, never by killing, what would widen a command's world or the kernel's attack surface. Calls of other
 * architectures' tables (32 bits, x32) are unknown ones. Undefined for an architecture whose numbers we do not have.
 */
export function buildSeccompFilter(architecture: string): readonly Instruction[] | undefined {
  if (!isFiltered(architecture)) return undefined;
  const { index, audit } = architectures[architecture];
  const on = (name: SystemCall, block: Block): Block => {
    const number = systemCalls[name][index];
    return number === null ? [] : whenEqual(number, block);
  };
  return [
    load(architectureOffset),
    ...oneOf([audit], [load(numberOffset)], refuse(ENOSYS)),
    ...whenGreater(newestKnownCall, refuse(ENOSYS)),
    ...forbidden.flatMap((name) => on(name, refuse(EPERM))),
    ...unknown.flatMap((name) => on(name, refuse(ENOSYS))),
    ...on('clone', judgeFlags(namespaceFlags)),
    ...on('unshare', judgeFlags(namespaceFlags | timeNamespaceFlag)),
    ...on('ioctl', [load(argumentOffset(1)), ...oneOf(terminalTricks, refuse(EPERM), pass())]),
    ...on('personality', [load(argumentOffset(0)), ...oneOf(personalities, pass(), refuse(EPERM))]),
    ...on('socketpair', [load(argumentOffset(0)), ...oneOf([family.unix], pass(), refuse(EAFNOSUPPORT))]),
    ...on('socket', judgeSocket()),
    ...pass(),
  ];
}

function isFiltered(architecture: string): architecture is FilteredArchitecture {
  return Object.hasOwn(architectures, architecture);
}

function judgeFlags(refused: number): Block {
  return [load(argumentOffset(0)), ...whenAnyBit(refused, refuse(EPERM)), ...pass()];
}

/** Unix sockets; TCP and UDP, which reach the sandbox's own loopback; and asking the kernel for interfaces. */
function judgeSocket(): Block {
  const protocolOneOf = (allowed: readonly number[]): Block => [
    load(argumentOffset(2)),
    ...oneOf(allowed, pass(), refuse(EPROTONOSUPPORT)),
  ];
  const internet: Block = [
    load(argumentOffset(1)),
    mask(socketTypeBits),
    ...oneOf(streamAndDatagram, protocolOneOf(protocols), refuse(EPERM)),
  ];
  return [
    load(argumentOffset(0)),
    ...whenEqual(family.unix, pass()),
    ...whenEqual(family.netlink, protocolOneOf([netlinkRoute])),
    ...oneOf([family.inet, family.inet6], internet, refuse(EAFNOSUPPORT)),
  ];
}
