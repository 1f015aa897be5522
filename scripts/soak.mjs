// Runs the loop on a fleet that is never left in peace, and says at the end what grew:
//
//   npm run soak [-- MINUTES [SEED]]     twenty minutes by default
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [minutes = '20', seed = '1', ...more] = process.argv.slice(2);
if (!/^[0-9]{1,5}(\.[0-9]+)?$/.test(minutes) || !/^[0-9]{1,9}$/.test(seed) || more.length > 0) {
  console.error(
    `expected minutes and a seed, as in "npm run soak -- 20 1", got ${process.argv.slice(2).join(' ')}`,
  );
  process.exit(1);
}

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const results = join(folder, 'results');
const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.soak.config.ts'];
const env = {
  ...process.env,
  SOAK_SECONDS: String(Math.round(Number(minutes) * 60)),
  SOAK_SEED: seed,
  SOAK_RESULTS: results,
};
const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
if (existsSync(results)) console.log(`\n${readFileSync(results, 'utf8')}`);
rmSync(folder, { recursive: true });
process.exit(status ?? 1);
