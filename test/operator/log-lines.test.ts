import { expect, it } from 'vitest';
import { makeLogger } from '../../src/log.ts';
import { logLine } from '../../src/operator/log-lines.ts';
import { trial } from '../reconciler/world.ts';

it('a trial that ended is logged with what a person should know of it', async () => {
  let written = '';
  const write = (text: string): void => void (written += text);
  const log = await makeLogger({ level: 'info', format: 'json', color: false, write });
  const ended = trial({ verdict: 'green', promoted: true, notes: ['only the inside was judged'] });
  const event = { type: 'trial-ended', recipe: 'app', trial: ended, step: null } as const;
  logLine(log, { type: 'trial', reconcile: '1', event });
  expect(JSON.parse(written)).toMatchObject({
    msg: 'a trial ended',
    verdict: 'green',
    notes: ['only the inside was judged'],
  });
});
