import { z } from 'zod';

/** What isolation a worker's commands really had, seen from inside; never over-claimed. */
export const sandboxLevelSchema = z.strictObject({
  launcher: z.string(),
  /** Whether loop and sandbox run under uids of their own. */
  separateUids: z.boolean(),
  /** Kernel namespaces that differ from the host's; empty when the walls could not be built. */
  namespaces: z.array(z.string()),
  /** Whether system calls are filtered. */
  seccomp: z.boolean(),
  cgroup: z.enum(['v2', 'v1', 'none']),
  /** By what each resource is bounded, the strongest means that the host lets us use. */
  limits: z.strictObject({
    /** `process`: each process alone is bounded, all together only by their number. */
    memory: z.enum(['cgroup', 'process']),
    processes: z.enum(['cgroup', 'namespace']),
    /** `nice`: no ceiling, but everyone else goes first. */
    cpu: z.enum(['cgroup', 'nice']),
    /** `watched`: counted about once a second, and the executor is ended when it holds too much. */
    scratch: z.enum(['file-system', 'watched']),
  }),
  /** What is weaker than it could be and why, in sentences. */
  notes: z.array(z.string()),
});

export type SandboxLevel = z.infer<typeof sandboxLevelSchema>;

const LIMIT_WORDS: Readonly<Record<string, string>> = {
  cgroup: 'by cgroup',
  process: 'of each process only',
  namespace: 'by namespace',
  nice: 'yields to others, no ceiling',
  'file-system': 'a file system of its size',
  watched: 'watched',
};

/** The level on one line, for `doctor` and `/why`. */
export function describeSandbox({ namespaces, limits, seccomp, cgroup, separateUids }: SandboxLevel): string {
  if (namespaces.length === 0) return 'no walls could be built';
  const named = Object.entries(limits).map(([what, how]) => `${what} ${LIMIT_WORDS[how] ?? how}`);
  return [
    named.join(', '),
    seccomp ? 'system calls filtered' : 'system calls not filtered',
    separateUids ? 'a uid of its own' : 'the uid of its owner',
    `cgroups ${cgroup}`,
    `namespaces ${namespaces.join(' ')}`,
  ].join('; ');
}
