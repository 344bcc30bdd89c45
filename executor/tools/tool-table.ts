import { calculate } from './calculator.ts';
import { tellTime } from './clock.ts';
import { deleteFile, getFile, listFiles, putFile } from './drive.ts';
import { openRepository, pushCommits } from './git.ts';
import { fetchUrl, openHost } from './network.ts';
import { createSchedule } from './schedule.ts';
import { listScratch, readScratchFile, runShell, writeScratchFile } from './scratch.ts';
import { searchWeb } from './search.ts';
import type { ToolTable } from './tool.ts';

/** Every tool by name; `tool.ts` in core says what each takes. */
export const TOOL_TABLE: ToolTable = {
  'shell.run': runShell,
  'file.read': readScratchFile,
  'file.write': writeScratchFile,
  'file.list': listScratch,
  'files.list': listFiles,
  'files.get': getFile,
  'files.put': putFile,
  'files.delete': deleteFile,
  'http.fetch': fetchUrl,
  'network.open': openHost,
  'git.open': openRepository,
  'git.push': pushCommits,
  'web.search': searchWeb,
  'schedule.create': createSchedule,
  clock: tellTime,
  calculator: calculate,
};
