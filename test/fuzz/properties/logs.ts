/**
 * Whatever a process says, in whatever pieces and on whatever stream: no log shows a secret that it was told to
 * conceal, and no excerpt of what was said shows even a part of one (invariant I10).
 */
import fc from 'fast-check';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Concealed, openStepLog } from '../../../src/actuators/step-log.ts';
import { BoundedText } from '../../../src/bounded-text.ts';
import { keepEnd, keepStart } from '../../../src/cut.ts';
import { property } from '../property.ts';

interface Said {
  secret: string;
  /** What is said, piece by piece; `true` stands for the secret. */
  words: readonly (string | true)[];
  /** How long each chunk is, over and over. */
  chunks: readonly number[];
  streams: boolean;
  limit: number;
}

const filler = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('\n', ' ', '\r\n', '\t', '=', '"', 'é', '🙂'),
  fc.integer({ min: 1, max: 70_000 }).map((length) => 'x'.repeat(length)),
);

const cases: fc.Arbitrary<Said> = fc.record({
  secret: fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9]{8,40}$/),
    fc.stringMatching(/^[a-z0-9]{8,12}( [a-z0-9]{8,12}){1,3}$/),
  ),
  words: fc.array(fc.oneof(filler, fc.constant(true as const)), { maxLength: 12 }),
  chunks: fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 5 }),
  streams: fc.boolean(),
  limit: fc.integer({ min: 1, max: 300 }),
});

const SECRET = 'Kq7ZpW3xVbN9mT2r';

export const logs = property<Said>({
  name: 'logs: no concealed secret, however it is cut',
  runs: 300,
  share: 1.5,
  corpus: {
    'a secret byte by byte': {
      secret: SECRET,
      words: ['a ', true, '\n'],
      chunks: [1],
      streams: false,
      limit: 8,
    },
    'a secret at the end of the longest line': {
      secret: SECRET,
      words: ['x'.repeat(65_530), true, '\n'],
      chunks: [65_536],
      streams: false,
      limit: 20,
    },
    'a secret across two long lines': {
      secret: SECRET,
      words: ['x'.repeat(131_065), true],
      chunks: [9000],
      streams: true,
      limit: 200,
    },
    'a secret of several words': {
      secret: 'correct horse battery staple',
      words: [true, '\n', 'see ', true],
      chunks: [7],
      streams: true,
      limit: 30,
    },
    'a secret without an end of line': {
      secret: SECRET,
      words: [true],
      chunks: [3],
      streams: true,
      limit: 5,
    },
  },
  cases,
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fuzz-logs-'));
    let count = 0;
    return {
      holds: async ({ secret, words, chunks, streams, limit }) => {
        const bytes = Buffer.from(words.map((word) => (word === true ? secret : word)).join(''));
        const concealed = new Concealed();
        const path = join(folder, `log-${++count}`);
        const log = openStepLog(path, concealed, () => true);
        log.conceal(secret);
        const kept = new BoundedText(limit);
        for (const chunk of chunked(bytes, chunks)) {
          log.output('app', chunk, 'stdout');
          if (streams) log.output('app', Buffer.from('a warning\n'), 'stderr');
          kept.add(chunk);
        }
        await log.close();
        const text = await readFile(path, 'utf8').catch(() => '');
        // A long line is written in several: a secret may not hide in the seam either.
        const seamless = text.replaceAll('[app] a warning\n', '').replaceAll('\n[app] ', '');
        const excerpts = [
          kept.toString(),
          keepStart(kept.toString(), limit),
          keepEnd(kept.toString(), limit),
        ];
        for (const shown of [text, seamless, ...excerpts.map((each) => log.cleaned(each))])
          assertTellsNothing(shown, secret, bytes.toString('utf8'));
        await rm(path, { force: true });
      },
      close: () => rm(folder, { recursive: true }),
    };
  },
});

/** A part of a secret that was said somewhere by itself is no secret. */
function assertTellsNothing(shown: string, secret: string, said: string): void {
  const elsewhere = said.replaceAll(secret, '\0');
  for (let start = 0; start + 8 <= secret.length; start++) {
    const part = secret.slice(start, start + 8);
    if (!elsewhere.includes(part)) expect(shown.includes(part)).toBe(false);
  }
}

function* chunked(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
