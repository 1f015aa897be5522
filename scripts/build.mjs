// Builds dist/: the program in a few files, since loading hundreds of small ones is most of what a short command
// costs; and dist/build.json, which says what was built, so that every trial can name the program that ran it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const fresh = join(root, `dist.${process.pid}`);

await build({
  input: { main: join(root, 'src/main.ts'), 'demo/make': join(root, 'src/demo/make.ts') },
  platform: 'node',
  logLevel: 'warn',
  output: { dir: fresh, format: 'esm', sourcemap: true, chunkFileNames: 'parts/[name]-[hash].js' },
});
writeFileSync(join(fresh, 'build.json'), `${JSON.stringify(identity())}\n`);
chmodSync(join(fresh, 'main.js'), 0o755);
// Put in place as a whole: who runs the program meanwhile finds the old one or the new one, not half of each.
const old = `${fresh}.old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });

/** A tree with uncommitted changes is named by what it contains, not by its HEAD alone. */
function identity() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const head = git('rev-parse', 'HEAD');
  const dirty = head === null || git('status', '--porcelain', '--', 'src') !== '';
  return { version, commit: dirty ? `${head ?? 'unversioned'}-dirty.${contentDigest()}` : head };
}

function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

function contentDigest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(fresh, { recursive: true }).map(String).toSorted()) {
    if (name.endsWith('.js'))
      hash
        .update(name)
        .update('\0')
        .update(readFileSync(join(fresh, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
