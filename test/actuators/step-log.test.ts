import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Concealed, openStepLog } from '../../src/actuators/step-log.ts';

let folder: string;
const text = (): string => readFileSync(join(folder, 'log'), 'utf8');
const open = (concealed = new Concealed(), mayWrite = () => true) =>
  openStepLog(join(folder, 'log'), concealed, mayWrite);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a step log', () => {
  it('puts together lines that come in pieces, also within a character, and names who said them', async () => {
    const log = open();
    const bytes = Buffer.from('héllo\nwörld');
    for (const byte of bytes) log.output('app', Uint8Array.of(byte));
    log.output('check', Buffer.from('between\n'));
    await log.close();
    expect(text()).toBe('[app] héllo\n[check] between\n[app] wörld\n');
  });

  it('blanks out what is concealed, wherever it stands and however it comes', async () => {
    const concealed = new Concealed();
    const log = open(concealed);
    log.conceal('hunter2-hunter2');
    log.note('the password is hunter2-hunter2');
    for (const piece of ['say hunt', 'er2-hun', 'ter2 again\n']) log.output('app', Buffer.from(piece));
    log.output('app', Buffer.from(`${'x'.repeat(65_530)}hunter2-`));
    log.output('app', Buffer.from('hunter2 at the end of a very long line\n'));
    await log.close();
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('[app] say *** again');
    expect(log.cleaned('hunter2-hunter2!')).toBe('***!');
  });

  it('keeps the streams of one source apart: what both say at once cuts no secret in two', async () => {
    const log = open();
    log.conceal('hunter2-hunter2');
    log.output('app', Buffer.from('say hunter2-'), 'stdout');
    log.output('app', Buffer.from('a warning\n'), 'stderr');
    log.output('app', Buffer.from('hunter2 again\n'), 'stdout');
    await log.close();
    expect(text()).toBe('[app] a warning\n[app] say *** again\n');
  });

  it('blanks out the words of a secret too, where only some of them are left', () => {
    const log = open();
    log.conceal('correct horse battery');
    expect(log.cleaned('it was correct horse battery')).toBe('it was ***');
    expect(log.cleaned('battery, they said')).toBe('***, they said');
  });

  it('does not take short words for secrets', async () => {
    const log = open();
    log.conceal('a');
    log.note('an apple a day');
    expect(text()).toContain('an apple a day');
  });

  it('is bounded, and says that it is', async () => {
    const log = open();
    const line = Buffer.from(`${'y'.repeat(1000)}\n`);
    for (let count = 0; count < 6000; count++) log.output('app', line);
    log.note('the last word is ours');
    expect(text().length).toBeLessThan(4_300_000);
    expect(text()).toContain('the rest is left out');
    expect(text().trimEnd().endsWith('the last word is ours')).toBe(true);
  });

  it('writes nothing once it may not', async () => {
    let may = true;
    const log = open(new Concealed(), () => may);
    log.note('before');
    may = false;
    log.note('after');
    log.output('app', Buffer.from('after\n'));
    await log.close();
    expect(text()).not.toContain('after');
  });
});
