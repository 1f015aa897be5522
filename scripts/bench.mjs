// Runs the benchmark of bench/ on the built program (docs/performance.md):
//
//   npm run bench [-- --sizes 10,100] [--rounds 5] [--json] [--write]
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const root = new URL('..', import.meta.url).pathname;
// Beside dist/ and as deep as bench/, so that what it finds from where it lies is found from both.
const built = join(root, `dist.bench.${process.pid}`);
const entries = ['main', 'floor', 'serve-recorded', 'serve-by-git'];

await build({
  input: Object.fromEntries(entries.map((name) => [name, join(root, 'bench', `${name}.ts`)])),
  platform: 'node',
  external: ['playwright-core'],
  logLevel: 'warn',
  output: { dir: built, format: 'esm', chunkFileNames: '[name].js' },
});
try {
  const args = [join(built, 'main.js'), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(built, { recursive: true });
}
