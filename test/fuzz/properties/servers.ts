/**
 * Whatever a server answers when it is asked for refs, by real git or without it: the answer is taken as a whole or called unreadable, and
 * one that was only cut off never shows fewer tags than there are (invariant I7).
 */
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { upstreamFrom } from '../../../src/desired/upstream.ts';
import { gitLister } from '../../../src/remotes/git-lister.ts';
import { remoteLister } from '../../../src/remotes/remote-lister.ts';
import type { Tag } from '../../../src/reconciler/model.ts';
import { HttpGit } from '../../fixtures/http-git.ts';
import { packetEnds, TamperingProxy, type Tampering } from '../../fixtures/tampering-proxy.ts';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { manifest } from '../../reconciler/world.ts';
import { property } from '../property.ts';

interface Spoiled extends Omit<Tampering, 'spoil'> {
  /** How much of the body is left, as a share of it; between two packets where `whole` says so. */
  left: number;
  whole: boolean;
  /** In place of the rest. */
  tail: Uint8Array;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const cases: fc.Arbitrary<Spoiled> = fc.record({
  answer: fc.constantFrom('abilities' as const, 'refs' as const),
  ending: fc.constantFrom('broken-off' as const, 'well' as const, 'chunks-broken-off' as const),
  left: share,
  whole: fc.boolean(),
  tail: fc.oneof(
    { weight: 3, arbitrary: fc.constant(new Uint8Array()) },
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom('0000', '0001', '0002', '0004', 'ffff', '003f').map((text) => Buffer.from(text)),
  ),
});

const nothing = new Uint8Array();
const cut = (over: Partial<Spoiled>): Spoiled => ({
  answer: 'refs',
  ending: 'well',
  left: 0.5,
  whole: true,
  tail: nothing,
  ...over,
});

/** A lister of its own for each question: none remembers what a server once spoke. */
const LISTERS = {
  'asked by git': () => gitLister({ mark: 'fuzz', timeoutMs: 10_000 }),
  'asked without git': () => remoteLister({ mark: 'fuzz', timeoutMs: 10_000, onChange: () => undefined }),
};

const serversAsked = (how: keyof typeof LISTERS, runs: number) =>
  property<Spoiled>({
    name: `servers' answers, ${how}: taken as a whole, or called unreadable`,
    runs,
    corpus: {
      'no body at all': cut({ left: 0 }),
      'a list cut between two refs, its length fitting': cut({}),
      'a list cut between two refs, its length promising more': cut({ ending: 'broken-off' }),
      'a list cut in the middle of a ref': cut({ whole: false }),
      'a list without its end': cut({ left: 0.99 }),
      'a list in chunks without the last': cut({ ending: 'chunks-broken-off' }),
      'abilities cut between two': cut({ answer: 'abilities' }),
      'a page in place of the list': cut({ left: 0, tail: Buffer.from('<html></html>'), type: 'text/html' }),
      'an error in place of the list': cut({ left: 0, status: 500 }),
      'a login in place of the list': cut({ left: 0, status: 401 }),
      'a way to elsewhere': cut({ answer: 'abilities', left: 0, status: 301 }),
    },
    cases,
    open: async () => {
      const root = await mkdtemp(join(tmpdir(), 'fuzz-servers-'));
      const repo = await UpstreamRepo.create(join(root, 'app'));
      for (const version of ['1.0.0+1', '1.1.0+1', '1.2.0+1', '1.10.0+1.10']) {
        await repo.commit({ version });
        await repo.tag(version, { message: 'a release' });
      }
      const git = await HttpGit.start(root);
      const proxy = await TamperingProxy.start(git.origin);
      const ask = () =>
        upstreamFrom(LISTERS[how]()).refs(manifest({ upstream: proxy.url('app') }), {
          signal: new AbortController().signal,
          concurrency: 1,
        });
      const whole = await ask();
      const tags: readonly Tag[] = whole.readable ? whole.value.tags : [];
      expect(tags).toHaveLength(4);
      return {
        holds: async ({ left, whole: between, tail, ...how }) => {
          const spoil = (body: Buffer): Buffer => Buffer.concat([kept(body, left, between), tail]);
          proxy.tampering = { ...how, spoil };
          const reading = await ask();
          // With bytes of its own in place of the rest it may be a whole answer again, and another one.
          if (reading.readable && tail.length === 0) expect(reading.value.tags).toEqual(tags);
          if (!reading.readable) expect(reading.why).toContain(proxy.url('app'));
        },
        close: async () => {
          await proxy.close();
          await git.close();
          await rm(root, { recursive: true });
        },
      };
    },
  });

export const serversAskedByGit = serversAsked('asked by git', 40);
export const servers = serversAsked('asked without git', 200);

function kept(body: Buffer, left: number, between: boolean): Buffer {
  const end = Math.floor(left * body.length);
  const ends = [0, ...packetEnds(body)].filter((each) => each <= end);
  return body.subarray(0, between ? ends.at(-1) : end);
}
