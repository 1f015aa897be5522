/** Our own style, script and picture, under names that change with their contents: so a browser may keep them for ever. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import type { Answer } from './answer.ts';

const FILES = { style: 'app.css', script: 'app.js', icon: 'icon.svg' } as const;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Assets {
  /** Where each is. */
  paths: Readonly<Record<keyof typeof FILES, string>>;
  at: (path: string) => Answer | null;
}

export async function readAssets(): Promise<Assets> {
  const [style, script, icon] = await Promise.all([
    readAsset(FILES.style),
    readAsset(FILES.script),
    readAsset(FILES.icon),
  ]);
  const answers = new Map([style, script, icon].map(({ path, answer }) => [path, answer]));
  return {
    paths: { style: style.path, script: script.path, icon: icon.path },
    at: (path) => answers.get(path) ?? null,
  };
}

async function readAsset(name: string): Promise<{ path: string; answer: Answer }> {
  const body = await readFile(join(packageRoot(), 'assets', name));
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const extension = extname(name);
  const path = `/assets/${name.slice(0, -extension.length)}.${digest}${extension}`;
  return { path, answer: { status: 200, type: TYPES[extension] ?? '', body, caching: 'always' } };
}
