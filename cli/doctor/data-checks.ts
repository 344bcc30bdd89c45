import type { Log } from '@reeve/core';
import { createDiskObjectStore } from '@reeve/object-store';
import { findRunning, type HomePaths, openHome } from '../home.ts';
import type { Settings } from '../settings.ts';
import { openDatabase } from '../up/database.ts';
import type { Check } from './check.ts';

/** The stores: opened, migrated and asked a question. Those of a running Reeve are asked through its API. */
export function dataChecks(settings: Settings, paths: HomePaths, log: Log): Check[] {
  return [databaseCheck(settings, log), objectsCheck(paths)];
}

function databaseCheck(settings: Settings, log: Log): Check {
  return {
    id: 'database',
    title: 'Database and queue',
    expected: 'opens, its schema is current, a query and the queue answer',
    fix: 'See the log in the home; check DATABASE_URL and REDIS_URL if they are set.',
    async run() {
      const running = await findRunning(settings.REEVE_HOME);
      if (running) {
        const answer = await fetch(new URL('/v1/status', running.url), {
          headers: { authorization: `Bearer ${running.token}` },
        });
        return {
          state: answer.ok ? 'ok' : 'failed',
          observed: `the running Reeve answered its status with ${answer.status}`,
        };
      }
      const home = await openHome(settings.REEVE_HOME);
      try {
        const database = await openDatabase(settings, home.paths, log);
        try {
          const { rows } = await database.pool.query<{ version: string }>('select version() as version');
          const queue = await database.openQueue();
          const { waiting } = await queue.depth();
          await queue.close();
          return {
            state: 'ok',
            observed: `${database.kind}: ${rows[0]?.version.split(' on ')[0]}; queue on ${queue.kind}, ${waiting} waiting`,
          };
        } finally {
          await database.pool.close();
        }
      } finally {
        await home.release();
      }
    },
  };
}

function objectsCheck(paths: HomePaths): Check {
  return {
    id: 'objects',
    title: 'File store',
    expected: 'what is written can be read back',
    fix: 'Make the home writable and free some space.',
    async run() {
      const objects = createDiskObjectStore(paths.objects);
      const key = `doctor/${process.pid}`;
      const { bytes } = await objects.put(key, ReadableStream.from([Buffer.from('reeve')]), {
        limitBytes: 100,
      });
      await objects.delete(key);
      return { state: 'ok', observed: `wrote and removed ${bytes} bytes in ${paths.objects}` };
    },
  };
}
