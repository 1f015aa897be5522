/** The git servers of the benchmark, each a process of its own, so that they are not part of what is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface RunningServer {
  origin: string;
  stop(): Promise<void>;
}

/** Plays a recording from memory, whatever repository is asked for. */
export function serveRecorded(recordingFile: string): Promise<RunningServer> {
  return serve('serve-recorded.js', recordingFile);
}

/** Serves every repository below `root` by `git http-backend`. */
export function serveByGit(root: string): Promise<RunningServer> {
  return serve('serve-by-git.js', root);
}

async function serve(script: string, argument: string): Promise<RunningServer> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [argument]);
  const ended = once(child, 'exit');
  const [origin]: unknown[] = await Promise.race([once(child, 'message'), ended]);
  if (typeof origin !== 'string') throw new Error(`${script} ended before it listened`);
  return {
    origin,
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}
