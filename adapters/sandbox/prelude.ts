export interface Prelude {
  /** Descriptors to close: bwrap closes its own and no others. */
  readonly close: readonly number[];
  readonly joinFiles: readonly string[];
  readonly image: { readonly file: string; readonly directory: string } | undefined;
  readonly unshare: string;
}

/**
 * Puts before a command line what has to happen in its own process first, as a shell that then becomes the command: it
 * enters its cgroups before anything is started, mounts its scratch where only it and its children see it (so that the
 * kernel takes the mount away with the last of them), and closes what it must not hand on. Any step that fails ends it.
 * The shell costs 1 ms, the mount 5, hence only when needed.
 */
export function addPrelude(argv: readonly string[], prelude: Prelude): readonly string[] {
  const { close, joinFiles, image } = prelude;
  const steps = [
    ...(close.length === 0 ? [] : [`exec ${close.map((descriptor) => `${descriptor}>&-`).join(' ')}`]),
    ...joinFiles.map(() => 'echo $$ >"$1"; shift'),
    ...(image === undefined ? [] : [mountImage]),
  ];
  if (steps.length === 0) return argv;
  // dash knows descriptors of one digit only.
  const shell = close.length === 0 ? '/bin/sh' : '/bin/bash';
  const operands = [...joinFiles, ...(image === undefined ? [] : [image.file, image.directory])];
  return [
    ...(image === undefined ? [] : [prelude.unshare, '--mount', '--propagation', 'private', '--']),
    ...[shell, '-ec', `${steps.join('; ')}; exec "$@"`, 'sh', ...operands, ...argv],
  ];
}

const mountImage =
  '/bin/mount -n -t ext4 -o loop,nosuid,nodev,noatime "$1" "$2"; /bin/rmdir "$2/lost+found"; shift 2';
