// Writes dist/build.json: which version and commit this build was made from, so that every trial can name
// the program that ran it. A tree with uncommitted changes is named by what it contains, not by its HEAD alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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
  for (const name of readdirSync(join(root, 'dist'), { recursive: true }).map(String).toSorted()) {
    if (name.endsWith('.js'))
      hash
        .update(name)
        .update('\0')
        .update(readFileSync(join(root, 'dist', name)));
  }
  return hash.digest('hex').slice(0, 12);
}

const head = git('rev-parse', 'HEAD');
const dirty = head === null || git('status', '--porcelain', '--', 'src') !== '';
const commit = dirty ? `${head ?? 'unversioned'}-dirty.${contentDigest()}` : head;
writeFileSync(join(root, 'dist', 'build.json'), `${JSON.stringify({ version, commit })}\n`);
chmodSync(join(root, 'dist', 'main.js'), 0o755);
