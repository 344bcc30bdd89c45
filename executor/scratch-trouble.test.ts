import { sampleAssignment } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { EXECUTOR_EXIT } from './execute.ts';
import { ShimRefusedError } from './shim/calls.ts';
import type { ShimClient } from './shim/client.ts';
import { createFakeSandbox } from './testing/fake-house.ts';
import { bodies, calls, intent, modelStep, play, results, says, steps } from './testing/played-task.ts';

describe('what commands make of scratch', () => {
  it('goes on when its scratch cannot be saved because of what is in it, and the model is told once', async () => {
    const sandbox = createFakeSandbox();
    const deep = { kind: 'refused', code: 'failed', detail: 'tar: d/d/d: File name too long' } as const;
    const shim: ShimClient = {
      ...sandbox.shim,
      // biome-ignore lint/correctness/useYield: it refuses before its first byte
      async *snapshot() {
        throw new ShimRefusedError(deep);
      },
    };
    const put = ['files_put', { from: 'a' }] as const;
    const { code, house } = await play(
      [
        calls(['file_write', { path: 'a', content: '1' }]),
        calls([...put], [...put]),
        calls([...put]),
        says('ok'),
      ],
      { sandbox: { ...sandbox, shim } },
    );
    expect(code).toBe(EXECUTOR_EXIT.done);
    expect(house.finished[0]?.outcome).toBe('succeeded');
    expect(results(house).map(({ ok }) => ok)).toEqual([true, true, true, true]);
    const kinds = house.steps.map(({ body }) => body.kind);
    expect(kinds.slice(kinds.indexOf('note') - 2, kinds.indexOf('note') + 2)).toEqual([
      'intent',
      'result',
      'note',
      'model',
    ]);
    expect(bodies(house, 'note')).toHaveLength(1);
    expect(bodies(house, 'note')[0]).toMatchObject({ text: expect.stringContaining('File name too long') });
  });

  it('whose link fails while it saves scratch ends as lost', async () => {
    const playing = play(
      [calls(['file_write', { path: 'a', content: '1' }]), calls(['files_put', { from: 'a' }])],
      {
        prepare: (house) => {
          house.link.saveScratch = () => Promise.reject(new Error('PUT /scratch answered 500'));
        },
      },
    );
    await expect(playing).rejects.toThrow('answered 500');
  });

  it('goes on when the sandbox refuses the snapshot, and names all scratch work as lost', async () => {
    const sandbox = createFakeSandbox();
    const shim: ShimClient = {
      ...sandbox.shim,
      restore: async () => ({ kind: 'refused', code: 'failed', detail: 'tar: Cannot mkdir' }),
    };
    const earlier = steps(
      modelStep('file_write', { path: 'a', content: '1' }),
      intent('file.write', { path: 'a', content: '1' }),
      {
        kind: 'result',
        callId: 's1.1',
        tool: 'file.write',
        ok: true,
        content: '',
        activity: 'wrote a',
        durationMs: 1,
      },
    );
    const assignment = sampleAssignment({ attempt: 2, steps: earlier, snapshot: 3 });
    const { code, house } = await play([says('ok')], { assignment, sandbox: { ...sandbox, shim } });
    expect(code).toBe(EXECUTOR_EXIT.done);
    expect(bodies(house, 'note')[0]).toMatchObject({
      text: expect.stringMatching(/could not be brought back \(“tar: Cannot mkdir”\).*lost: 3 \(wrote a\)/),
    });
  });

  it('a result that is too long for a step is cut, and says so', async () => {
    const sandbox = createFakeSandbox();
    const modifiedAt = 0;
    const entries = Array.from({ length: 500 }, (_, index) => ({
      path: `${'\u200b'.repeat(1300)}${index}`,
      kind: 'file' as const,
      bytes: 1,
      modifiedAt,
    }));
    const list: ShimClient['list'] = async () => ({ kind: 'done', value: { entries, truncated: false } });
    sandbox.files.set('a', Buffer.alloc(400_000, 'é'));
    const { house } = await play(
      [calls(['file_list', {}], ['file_read', { path: 'a', max_bytes: 65_536 }]), says('ok')],
      { sandbox: { ...sandbox, shim: { ...sandbox.shim, list } } },
    );
    const [listed, read] = results(house);
    expect(Buffer.byteLength(listed?.content ?? '')).toBeLessThan(300_000 * 4);
    expect(listed?.content).toMatch(/ends in\] .*499 \(1 bytes\)$/);
    expect(Buffer.byteLength(read?.content ?? '')).toBeLessThan(263_000);
    expect(read?.content).toMatch(/\[cut here: \d+ bytes in all, only the first 262144 are shown\]$/);
  });
});
