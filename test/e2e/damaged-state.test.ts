/** Whatever a stored file has become: a pass over it ends as it should, by name, and takes no data away (I7). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { changedPaths, type Listing } from '../fixtures/folder-listing.ts';
import { STORED } from '../fuzz/corpus/stored.ts';
import { makeStoredFleet, STORED_FILES, type StoredFleet } from '../fuzz/stored-fleet.ts';
import { pass } from './rows.ts';

const DAMAGES = ['half of it', 'the prototype'];

let made: StoredFleet;
let before: Listing;

beforeAll(async () => {
  made = await makeStoredFleet();
  before = await made.fleet.listing();
});

afterAll(() => made.fleet.dispose());

/** Records, generations and trials; not what every pass writes. */
function lost(after: Listing, damaged: string): string[] {
  return changedPaths(before, after).filter((path) => {
    const passing = path.startsWith('.reconcile/') || path.endsWith('status.json') || path === damaged;
    return !passing && before[path] !== undefined;
  });
}

describe.each(STORED_FILES)('%s', (file) => {
  afterEach(() => made.restore(file));

  it.each(DAMAGES)('that holds %s costs no data, and is blamed by its name', async (damage) => {
    const contents = STORED[damage] ?? '';
    await made.put(file, contents);
    const damaged = made.pathOf(file);
    const outcome = await pass(made.fleet);
    expect([0, 1, 4]).toContain(outcome.code);
    expect(outcome.json).not.toBeNull();
    expect(outcome.stdout + outcome.stderr).not.toMatch(/TypeError|RangeError|is not a function/);
    expect(lost(await made.fleet.listing(), damaged.slice(made.fleet.state.length + 1))).toEqual([]);
    if (outcome.code !== 0) {
      expect(outcome.stdout).toContain(damaged);
      expect(await readFile(damaged)).toEqual(Buffer.from(contents));
    }
    for (const command of ['status', 'explain shop']) {
      const looked = await made.fleet.reconcile([...command.split(' '), '--json']);
      expect(looked.json).not.toBeNull();
      expect(looked.stderr).not.toMatch(/TypeError|RangeError/);
    }
  });
});

it('all of it is as it was once the files are whole again', async () => {
  expect((await pass(made.fleet)).code).toBe(0);
  const record: unknown = JSON.parse(
    await readFile(join(made.fleet.state, 'shop', 'canonical.json'), 'utf8'),
  );
  expect(record).toMatchObject({ generation: 2, kept: [1] });
});
