// Tries every property of test/fuzz for as long as it is given, and says at the end how many cases that were:
//
//   npm run fuzz [-- SECONDS]     a minute by default
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [seconds = '60', ...more] = process.argv.slice(2);
if (!/^[1-9][0-9]{0,6}$/.test(seconds) || more.length > 0) {
  console.error(
    `expected a number of seconds, as in "npm run fuzz -- 600", got ${process.argv.slice(2).join(' ')}`,
  );
  process.exit(1);
}

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const results = join(folder, 'results');
const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.fuzz.config.ts'];
const env = { ...process.env, FUZZ_SECONDS: seconds, FUZZ_RESULTS: results };
const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });

const text = existsSync(results) ? readFileSync(results, 'utf8') : '';
const tried = text
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
rmSync(folder, { recursive: true });
console.log('\ncases tried, by property:\n');
for (const { name, corpus, cases, seed, failed } of tried) {
  console.log(
    `${String(corpus + cases).padStart(9)}  ${failed ? 'FAILED  ' : ''}${name} (corpus ${corpus}, seed ${seed})`,
  );
}
const total = tried.reduce((sum, { corpus, cases }) => sum + corpus + cases, 0);
console.log(`\n${String(total).padStart(9)}  in all, in ${seconds} s`);
process.exit(status ?? 1);
