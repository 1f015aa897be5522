import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ChildOutput } from '../src/child-output.ts';

/** Nothing of this process happens meanwhile, as on a machine that has too much to do. */
function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

it('takes what lies in the pipes, however late this process comes to look', async () => {
  const child = spawn('sh', ['-c', '(sleep 0.2; echo late) & exit 0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const output = new ChildOutput(child, (_, chunk) => (said += Buffer.from(chunk).toString()));
  await once(child, 'exit');
  const done = output.hangUp();
  holdUp(500);
  await done;
  expect(said).toBe('late\n');
});
