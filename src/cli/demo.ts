/** `reconcile demo DIR`: a folder with real upstream repositories, manifests and apps to try the program on. */
import type { Context, ExitCode } from './context.ts';
import { json, paint } from './text.ts';

export async function demo(context: Context, folder: string): Promise<ExitCode> {
  const { makeDemo } = await import('../demo/make.ts');
  const made = await makeDemo(folder);
  const { out } = context;
  if (context.options.json) {
    out.write(json({ apiVersion: 'reconcile/v1', kind: 'Demo', ...made }));
    return 0;
  }
  out.write(`Made a fleet to try in ${made.folder}:\n\n`);
  for (const { name, expect } of made.recipes) out.write(`  ${paint(out, 'bold', name)}: ${expect}\n`);
  const flags = `--manifests ${made.manifests} --state ${made.state}`;
  out.write(`\nTry, in this order, with ${flags}:\n\n`);
  for (const command of ['plan', '--once', 'status', '--once', 'explain sleepy', 'history']) {
    out.write(`  npx reconcile ${command}\n`);
  }
  return 0;
}
