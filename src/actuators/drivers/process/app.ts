/** One running app: its processes, wherever they went, how its command ended, and the last that it said. */
import { TextDecoder } from 'node:util';
import { keepEnd } from '../../../cut.ts';
import { startTimeOf, type ProcessId } from '../../../process-table.ts';
import { endProcesses, findProcesses } from '../../../processes.ts';
import { start, type Ending, type Started } from '../../../run.ts';

const TAIL_LINES = 20;
/** In messages; of a longer line more is held while it is still being said. */
const LONGEST_LINE = 2000;
const LONGEST_HELD = 64 * 1024;

export interface AppOptions {
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  mark: string;
  /** Folders that belong to this deployment alone. */
  folders: readonly string[];
  /** Inherited open by whatever it starts. */
  lifeline: string;
  onOutput: (stream: string, chunk: Uint8Array) => void;
}

export class App {
  readonly #started: Started;
  readonly #options: AppOptions;
  readonly #tail: Tail;
  readonly #seen = new Map<number, ProcessId>();
  readonly #end = new AbortController();
  #ending: Ending | null = null;

  private constructor(started: Started, options: AppOptions, tail: Tail) {
    this.#started = started;
    this.#options = options;
    this.#tail = tail;
    // The command is known by its number too: it may rewrite its environment, and its group may outlive it.
    const { pid } = started;
    this.#seen.set(pid, { pid, startTime: startTimeOf(pid) ?? 'ended' });
    void this.#awaitEnd();
  }

  /** Why it could not be started, in words, in place of the app. */
  static async start(options: AppOptions): Promise<App | string> {
    const tail = new Tail();
    const [file = '', ...args] = options.command;
    const { cwd, env, mark, lifeline } = options;
    const onOutput = (stream: string, chunk: Uint8Array): void => {
      tail.add(stream, chunk);
      options.onOutput(stream, chunk);
    };
    const started = await start(file, args, { cwd, env, mark, lifeline, onOutput });
    return typeof started === 'string' ? started : new App(started, options, tail);
  }

  async #awaitEnd(): Promise<void> {
    this.#ending = await this.#started.ended;
    this.#end.abort();
  }

  /** How its command ended; null while it runs. */
  get ending(): Ending | null {
    return this.#ending;
  }

  /** Aborts when its command ends. */
  get endSignal(): AbortSignal {
    return this.#end.signal;
  }

  /** What it said last, everything that was said before its end included. */
  async lastWords(): Promise<string> {
    if (this.#ending !== null) await this.#started.output.heard();
    return this.#tail.toString();
  }

  /** Its living processes. Each look remembers them, so that none is lost when it cuts its ties. */
  processes(): ProcessId[] {
    const { mark, folders } = this.#options;
    const found = findProcesses(mark, { folders, remembered: this.#seen.values() });
    for (const each of found) this.#seen.set(each.pid, each);
    return found;
  }

  /** Returns when every process of it is gone, how many that were. */
  async stop(graceMs: number): Promise<number> {
    const { mark, folders, lifeline } = this.#options;
    this.processes();
    const remembered = this.#seen.values();
    const count = await endProcesses(mark, { graceMs, folders, remembered, lifelines: [lifeline] });
    await this.#started.ended;
    await this.#started.output.hangUp();
    return count;
  }
}

/**
 * The last lines of streams of any length. Each stream is put together by itself: what both say at once would else
 * cut one another's words apart, and a secret with them.
 */
class Tail {
  readonly #speakers = new Map<string, { decoder: TextDecoder; line: string }>();
  #lines: string[] = [];

  add(stream: string, chunk: Uint8Array): void {
    const speaker = this.#speakers.get(stream) ?? { decoder: new TextDecoder(), line: '' };
    this.#speakers.set(stream, speaker);
    const lines = (speaker.line + speaker.decoder.decode(chunk, { stream: true })).split('\n');
    // One character more than is shown: so a word that was cut here is known to have been, and left out.
    speaker.line = (lines.pop() ?? '').slice(-LONGEST_HELD - 1);
    this.#lines = [...this.#lines, ...lines].slice(-TAIL_LINES);
  }

  toString(): string {
    const unfinished = [...this.#speakers.values()].map(({ line }) => line).filter((line) => line !== '');
    const lines = [...this.#lines, ...unfinished].slice(-TAIL_LINES);
    return lines
      .map((line) => keepEnd(keepEnd(line, LONGEST_HELD), LONGEST_LINE))
      .join('\n')
      .trimEnd();
  }
}
