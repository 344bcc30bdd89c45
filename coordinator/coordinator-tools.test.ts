import { describe, expect, it } from 'vitest';
import { COORDINATOR_TOOLS, parseCoordinatorCall } from './coordinator-tools.ts';

const problem = (name: string, json: string) => {
  const parsed = parseCoordinatorCall(name, json);
  return parsed.kind === 'wrong' ? parsed.problem : parsed;
};

describe('a call of the coordinator’s model', () => {
  it('is read, ids in any spelling', () => {
    expect(parseCoordinatorCall('task_cancel', '{"task":"t3"}')).toEqual({
      kind: 'task_cancel',
      task: 'T-3',
    });
    expect(parseCoordinatorCall('files_list', '')).toEqual({ kind: 'files_list', prefix: '' });
    expect(parseCoordinatorCall('task_start', '{"title":" a ","goal":"b"}')).toEqual({
      kind: 'task_start',
      title: 'a',
      goal: 'b',
    });
  });

  it('is explained when it is wrong', () => {
    expect(problem('rm_rf', '{}')).toMatch(/^There is no tool “rm_rf”\. There are: task_start, /);
    expect(problem('toString', '{}')).toMatch(/^There is no tool/);
    expect(problem('task_start', '{"title":')).toBe(
      'The arguments of task_start are not valid JSON. Nothing was done.',
    );
    expect(problem('task_start', '["a"]')).toMatch(/^Wrong arguments for task_start; nothing was done/);
    expect(problem('task_start', '{"title":"a"}')).toMatch(/goal/);
    expect(problem('task_start', '{"title":"  ","goal":"b"}')).toMatch(/title/);
    expect(problem('task_start', '{"title":"a","goal":"b","sudo":true}')).toMatch(/sudo/);
    expect(problem('task_cancel', '{"task":"T-0"}')).toMatch(/task/);
    expect(problem('task_cancel', 'null')).toMatch(/^Wrong arguments/);
  });

  it('keeps nothing that no record can keep', () => {
    expect(parseCoordinatorCall('task_start', '{"title":"a\\ud800","goal":"b\\u0000"}')).toEqual({
      kind: 'task_start',
      title: 'a\uFFFD',
      goal: 'b\uFFFD',
    });
  });

  it('has a tool list of the same bytes each time, with a closed schema for every tool', () => {
    expect(COORDINATOR_TOOLS).toHaveLength(8);
    for (const tool of COORDINATOR_TOOLS)
      expect(tool.function.parameters).toMatchObject({ type: 'object', additionalProperties: false });
  });
});
