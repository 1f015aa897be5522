/** Promotion's effects: what is not read back as it was written is not promoted, whatever the write itself said. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processDriver } from '../../src/actuators/drivers/process/driver.ts';
import { filePromotion } from '../../src/actuators/promotion.ts';
import { Layout } from '../../src/state/layout.ts';
import { Term } from '../../src/state/term.ts';
import { record } from '../reconciler/world.ts';

let root: string;

/** A disk that does not keep what it was given. */
class ForgetfulTerm extends Term {
  readonly #change: (contents: string) => string;

  constructor(folder: string, change: (contents: string) => string) {
    super('term', folder, 'mark');
    this.#change = change;
  }

  override async write(path: string, contents: string): Promise<void> {
    await super.write(path, this.#change(contents));
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'promotion-'));
  await mkdir(join(root, 'term'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

function promotionOn(change: (contents: string) => string) {
  const layout = new Layout(join(root, 'state'));
  const term = new ForgetfulTerm(join(root, 'term'), change);
  return filePromotion({ layout, term, driver: processDriver() });
}

describe('writing the record', () => {
  const wanted = record('1.0.0+1.0', 4, { kept: [3], trial: 'a-trial' });

  it('says promoted of what was read back', async () => {
    expect(await promotionOn((text) => text).promote(wanted)).toEqual(wanted);
    expect(JSON.parse(await readFile(join(root, 'state', 'app', 'canonical.json'), 'utf8'))).toEqual(wanted);
  });

  it.each<[string, (text: string) => string]>([
    ['something else', (text) => text.replace('"generation": 4', '"generation": 5')],
    ['half of it', (text) => text.slice(0, 40)],
    ['nothing', () => ''],
  ])('is infra where %s was stored', async (_, change) => {
    await expect(promotionOn(change).promote(wanted)).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'promotion-not-read-back',
    });
  });

  it('does not write a record that no look could read again', async () => {
    const unfit = record('1.0.0+1.0', 4, {
      volumes: [{ name: '../x', bytes: 0, files: 0, fingerprint: '', digest: '' }],
    });
    await expect(promotionOn((text) => text).promote(unfit)).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'record-unfit',
    });
    await expect(readFile(join(root, 'state', 'app', 'canonical.json'))).rejects.toThrow('ENOENT');
  });
});
