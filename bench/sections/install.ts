import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { runToEnd } from '../floors.ts';
import { takeSamples, timed } from '../measure.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_SECONDS = 120;
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ link: z.boolean().optional() })) });

/** What a newcomer waits for and stores: a production install in a fresh clone of what is committed here. */
export async function measureInstall(): Promise<readonly Figure[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-install-'));
  try {
    const floor = await emptyInstall(path.join(directory, 'empty'));
    const clone = path.join(directory, 'clone');
    await runToEnd('git', ['clone', '--quiet', ROOT, clone]);
    const milliseconds = await timed(() =>
      runToEnd('sh', ['scripts/install.sh', 'prod'], { cwd: clone, env: plainEnvironment() }),
    );
    const modules = path.join(clone, 'node_modules');
    const note = 'one run, with npm’s cache as it was; what is not committed is not in it';
    return [
      toFigure({
        id: 'install.time',
        title: 'production install in a fresh clone',
        unit: 's',
        samples: [milliseconds / 1000],
        floor,
        goals: [atMost('p50', LIMIT_SECONDS)],
        note,
      }),
      toFigure({
        id: 'install.size',
        title: 'its packages on disk',
        unit: 'MB',
        samples: [await megabytesOf(modules)],
      }),
      toFigure({
        id: 'install.packages',
        title: 'number of packages',
        unit: 'packages',
        samples: [await countPackages(modules)],
      }),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** npm as a newcomer's shell has it: not the one of the clone that runs this. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '', ...others } = process.env;
  const kept = PATH.split(':').filter((directory) => !directory.includes('node_modules/.bin'));
  const isOurs = (name: string) => name.startsWith('npm_') || name === 'INIT_CWD';
  return {
    ...Object.fromEntries(Object.entries(others).filter(([name]) => !isOurs(name))),
    PATH: kept.join(':'),
  };
}

async function emptyInstall(directory: string): Promise<Floor> {
  await mkdir(directory);
  await writeFile(
    path.join(directory, 'package.json'),
    '{"name":"empty","version":"0.0.0","private":true}\n',
  );
  const install = () =>
    runToEnd('npm', ['install', '--no-audit', '--no-fund', '--no-progress'], {
      cwd: directory,
      env: plainEnvironment(),
    });
  const samples = await takeSamples({ warmUp: 1, samples: 3 }, async () => (await timed(install)) / 1000);
  return { title: 'npm install of nothing', samples };
}

async function megabytesOf(directory: string): Promise<number> {
  const output = await runToEnd('du', ['-sk', directory]);
  return Number.parseInt(output, 10) / 1024;
}

async function countPackages(modules: string): Promise<number> {
  const { packages } = lockSchema.parse(
    JSON.parse(await readFile(path.join(modules, '.package-lock.json'), 'utf8')),
  );
  return Object.entries(packages).filter(
    ([name, { link }]) => name.includes('node_modules/') && link !== true,
  ).length;
}
