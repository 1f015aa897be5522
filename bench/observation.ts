/** Who looks at a fleet in which nothing changed, and how. */
import { fileURLToPath } from 'node:url';
import { reconcile, type Fleet } from './fleet.ts';
import type { Command } from './measure.ts';
import { LISTED } from './recording.ts';
import type { Contestant } from './rounds.ts';

/** As many upstreams as a pass asks at a time unless it is told otherwise. */
const CONCURRENCY = 16;
/** Beyond this a process for each recipe takes minutes, and tells nothing new. */
const MOST_FOR_GIT = 1000;

/** What node takes to do nothing. */
export const NODE: Contestant = { name: 'node', command: { file: process.execPath, args: ['-e', '0'] } };

export type Observer = 'once' | 'plan' | 'floor' | 'git';

export const nameOf = (observer: Observer, fleet: string | number): string => `${observer} ${fleet}`;

/** `label`: what the fleet is called in the results. */
export function observersOf(fleet: Fleet, label: string | number, recordingFile: string): Contestant[] {
  const observers: [Observer, Command][] = [
    ['once', reconcile(fleet, '--once')],
    ['plan', reconcile(fleet, 'plan')],
    ['floor', floor(fleet, recordingFile)],
  ];
  if (fleet.size <= MOST_FOR_GIT) observers.push(['git', gitForEach(fleet)]);
  return observers.map(([observer, command]) => ({ name: nameOf(observer, label), command }));
}

function floor({ urls }: Fleet, recordingFile: string): Command {
  const script = fileURLToPath(new URL('floor.js', import.meta.url));
  const args = [script, recordingFile, String(CONCURRENCY)];
  return { file: process.execPath, args, input: urls.join('\n') };
}

/** What people do without this program: one `git ls-remote` for each recipe, asked for what the program asks for. */
function gitForEach({ urls }: Fleet): Command {
  const asked = ['git', 'ls-remote', '--quiet', '--symref', '--', '{}', ...LISTED];
  return { file: 'xargs', args: ['-P', String(CONCURRENCY), '-I', '{}', ...asked], input: urls.join('\n') };
}
