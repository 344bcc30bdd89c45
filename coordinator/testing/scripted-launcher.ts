import type { ExecutorEnd, LaunchedExecutor, Launcher } from '@reeve/core';
import { createScriptedExecutor, type ScriptedExecutor } from './scripted-executor.ts';

/** What an executor does once it has its task; when it returns, the executor has ended. */
export type Work = (executor: ScriptedExecutor) => Promise<void>;

export interface ScriptedLauncher extends Launcher {
  readonly launches: number;
  /** Executors that live now. */
  readonly living: ReadonlySet<string>;
  /** Ends all, as their parent's death does. */
  killAll(): Promise<void>;
}

/** Starts executors that are objects in this process. `beforeAttach` may break a start or an attach. */
export function createScriptedLauncher(options: {
  readonly socketPath: () => string;
  readonly work: Work;
  readonly beforeAttach?: (executor: ScriptedExecutor) => Promise<void>;
}): ScriptedLauncher {
  const living = new Map<string, LaunchedExecutor>();
  let launches = 0;

  async function live(executor: ScriptedExecutor): Promise<void> {
    await options.beforeAttach?.(executor);
    for (;;) {
      const { status } = await executor.attach();
      if (status === 204) continue;
      if (status !== 200) throw new Error(`attach: ${status}`);
      break;
    }
    executor.openControl();
    await options.work(executor);
  }

  return {
    kind: 'scripted',
    get launches() {
      return launches;
    },
    get living() {
      return new Set(living.keys());
    },
    async launch({ ticket }) {
      launches += 1;
      const id = `executor-${launches}`;
      const dying = new AbortController();
      const { promise: killed, resolve: resolveKilled } = Promise.withResolvers<ExecutorEnd>();
      const executor = createScriptedExecutor(options.socketPath(), ticket, dying.signal);
      let complaint = '';
      const lived = live(executor).then(
        (): ExecutorEnd => ({ kind: 'exited', code: 0 }),
        (error: unknown): ExecutorEnd => {
          complaint = String(error);
          return { kind: 'exited', code: 1 };
        },
      );
      const ended = Promise.race([lived, killed]).finally(() => {
        living.delete(id);
        dying.abort(new Error('ended'));
      });
      const launched: LaunchedExecutor = {
        id,
        ended,
        async kill() {
          resolveKilled({ kind: 'killed', signal: 'SIGKILL' });
          await ended;
        },
        logs: () => complaint,
      };
      living.set(id, launched);
      return launched;
    },
    level: async () => ({
      launcher: 'scripted',
      separateUids: false,
      namespaces: [],
      seccomp: false,
      cgroup: 'none',
      limits: { memory: 'process', processes: 'namespace', cpu: 'nice', scratch: 'watched' },
      notes: [],
    }),
    async killAll() {
      await Promise.all([...living.values()].map((executor) => executor.kill()));
    },
    close: async () => undefined,
  };
}
