/**
 * The log of one step: what we did, and what the processes we started said, line by line, bounded in size, with
 * every concealed text blanked out (invariant I10).
 *
 * Processes may go on speaking after the step that started them has ended; so a log takes lines at any time, and
 * closing it only brings out what was said without an end of line. Whoever speaks cannot be told that a line was not
 * written; so that is said when the log is closed.
 */
import { appendFileSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { describe, LOG_NOT_WRITTEN, TrialFault } from '../reconciler/errors.ts';
import type { JournalLog } from '../reconciler/ports.ts';

const LARGEST_LOG = 4 * 1024 * 1024;
const LONGEST_LINE = 64 * 1024;
/** Shorter texts would blank out half of every log, and are no secrets. */
const SHORTEST_SECRET = 6;

/**
 * The texts that must not be written. Longest first, so that a secret that contains another goes as a whole. The words
 * of one count too: lines and messages are cut between words.
 */
export class Concealed {
  #secrets: string[] = [];

  add(secret: string): void {
    const texts = [secret.trim(), ...secret.split(/\s+/)].filter((text) => text.length >= SHORTEST_SECRET);
    this.#secrets = [...new Set([...this.#secrets, ...texts])].toSorted((a, b) => b.length - a.length);
  }

  clean(text: string): string {
    return this.#secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
  }

  /** How much of a text's end must be held back because a secret may have begun in it. */
  get longest(): number {
    return this.#secrets[0]?.length ?? 0;
  }
}

export function openStepLog(path: string, concealed: Concealed, mayWrite: () => boolean): JournalLog {
  const speakers = new Map<string, { source: string; decoder: TextDecoder; rest: string }>();
  let size = 0;
  let full = false;
  let failure: unknown = null;

  const append = (text: string): void => {
    // After the lease is lost nothing more is written, not even here (invariant I5).
    if (!mayWrite()) return;
    try {
      appendFileSync(path, text, { mode: 0o644 });
    } catch (error) {
      failure ??= error;
    }
  };
  const say = (source: string, line: string): void => {
    if (full) return;
    const text = `[${source}] ${concealed.clean(line)}\n`;
    size += text.length;
    full = size > LARGEST_LOG;
    append(full ? `... more than ${LARGEST_LOG} characters were said; the rest is left out\n` : text);
  };
  return {
    note: (text) => append(`${new Date().toISOString()} ${concealed.clean(text)}\n`),
    conceal: (secret) => concealed.add(secret),
    cleaned: (text) => concealed.clean(text),
    output: (source, chunk, stream = '') => {
      const key = JSON.stringify([source, stream]);
      const speaker = speakers.get(key) ?? { source, decoder: new TextDecoder(), rest: '' };
      speakers.set(key, speaker);
      if (full) return;
      const lines = (speaker.rest + speaker.decoder.decode(chunk, { stream: true })).split('\n');
      speaker.rest = lines.pop() ?? '';
      for (const line of lines) say(source, line);
      if (speaker.rest.length > LONGEST_LINE) {
        const cleaned = concealed.clean(speaker.rest);
        const cut = cleaned.length - concealed.longest;
        speaker.rest = cleaned.slice(cut);
        say(source, cleaned.slice(0, cut));
      }
    },
    close: async () => {
      for (const speaker of speakers.values()) {
        if (speaker.rest !== '') say(speaker.source, speaker.rest);
        speaker.rest = '';
      }
      if (failure === null) return;
      const message = `could not write all of the log ${path}: ${describe(failure)}`;
      throw new TrialFault('infra', LOG_NOT_WRITTEN, message, { cause: failure });
    },
  };
}
