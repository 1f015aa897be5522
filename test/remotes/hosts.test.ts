/** Turns: no host slows the others, and one that is down is found out once. */
import { describe, expect, it, vi } from 'vitest';
import { HostFailure, Hosts } from '../../src/remotes/hosts.ts';
import type { HostChange } from './listing-remotely.ts';

interface Question {
  done: Promise<unknown>;
  answer(): void;
  fail(error?: Error): void;
}

function world(random = () => 0.999_999) {
  let now = 0;
  const changes: HostChange[] = [];
  const started: string[] = [];
  const hosts = new Hosts({ onChange: (change) => changes.push(change), clock: () => now, random });
  const ask = (
    host: string,
    concurrency = 2,
    signal = new AbortController().signal,
    name = host,
  ): Question => {
    let settle: { resolve: (value: string) => void; reject: (error: Error) => void } | undefined;
    const work = new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
    work.catch(() => undefined);
    const done = hosts.ask(host, { signal, concurrency }, () => {
      started.push(name);
      return work;
    });
    done.catch(() => undefined);
    return {
      done,
      answer: () => settle?.resolve('an answer'),
      fail: (error = new HostFailure('connection refused', 'unreachable')) => settle?.reject(error),
    };
  };
  const proven = async (host: string): Promise<void> => {
    const question = ask(host, Number.POSITIVE_INFINITY);
    question.answer();
    await question.done;
    started.length = 0;
  };
  const settled = async (): Promise<void> => {
    // What is asked at the same time begins together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { ask, proven, settled, changes, started, pass: (ms: number) => (now += ms) };
}

describe('turns', () => {
  it('so many questions are under way as the concurrency says, and the next begins as one ends', async () => {
    const { ask, proven, settled, started } = world();
    await proven('a');
    const questions = [ask('a'), ask('a'), ask('a')];
    await settled();
    expect(started).toHaveLength(2);
    questions[1]?.answer();
    await questions[1]?.done;
    await settled();
    expect(started).toHaveLength(3);
  });

  it('hosts take turns, whatever the length of their queues', async () => {
    const { ask, proven, settled, started } = world();
    await proven('a');
    await proven('b');
    const questions = [ask('a', 1), ask('a', 1), ask('a', 1), ask('b', 1)];
    for (const question of questions) question.answer();
    await Promise.all(questions.map(({ done }) => done));
    await settled();
    expect(started.indexOf('b')).toBeLessThan(3);
  });

  it('a host that has not answered yet is asked three things at once and no more', async () => {
    const { ask, settled, started } = world();
    const questions = Array.from({ length: 10 }, () => ask('new', 16));
    await settled();
    expect(started).toHaveLength(3);
    questions[0]?.answer();
    await questions[0]?.done;
    await settled();
    expect(started).toHaveLength(10);
  });

  it('once all is stopped nobody who waits is asked any more', async () => {
    const { ask, proven, started } = world();
    await proven('a');
    const stop = new AbortController();
    const questions = Array.from({ length: 50 }, () => ask('a', 1, stop.signal));
    stop.abort(new Error('stopped'));
    questions[0]?.fail(new Error('stopped'));
    const all = await Promise.allSettled(questions.map(({ done }) => done));
    expect(all.map((each) => (each.status === 'rejected' ? String(each.reason) : ''))).toEqual(
      questions.map(() => 'Error: stopped'),
    );
    expect(started.length).toBeLessThanOrEqual(1);
  });

  it('a host that does not answer gives its places to others, and goes on beside them', async () => {
    const { ask, proven, settled, started } = world();
    await proven('slow');
    await proven('quick');
    const hung = [ask('slow'), ask('slow')];
    await settled();
    const quick = ask('quick');
    await settled();
    expect(started).toEqual(['slow', 'slow']);
    // Really waited for: what gives the places up is a timer of the program's own.
    quick.answer();
    await quick.done;
    expect(started).toEqual(['slow', 'slow', 'quick']);
    for (const each of hung) each.answer();
    await Promise.all(hung.map(({ done }) => done));
  });

  it('no more than so many go on beside the others: those that hang keep their places then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { ask, proven, settled, started } = world();
      await proven('slow');
      const hung = Array.from({ length: 1000 }, () => ask('slow', 300));
      await settled();
      expect(started).toHaveLength(300);
      // Of the first 300 so many gave up their places; but one host never has more than the concurrency under way.
      await vi.advanceTimersByTimeAsync(2001);
      const others = Array.from({ length: 1000 }, (_, index) => ask(`other${index}`, 300));
      await settled();
      expect(started).toHaveLength(300 + 256);
      for (const each of [...hung, ...others]) each.answer();
      await Promise.all([...hung, ...others].map(({ done }) => done));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a few repositories that fail', () => {
  const bad = () => new HostFailure('it answers with HTTP status 502', 'answered-badly');

  it('are not always asked first: who waits for a host is asked in random order', async () => {
    const { ask, settled, started } = world(() => 0);
    const questions = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ask('host', 16, undefined, name));
    await settled();
    expect(started).toEqual(['f', 'a', 'b']);
    for (const question of questions) question.answer();
    await Promise.all(questions.map(({ done }) => done));
    expect(started.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('do not pass for their host by what it answers: ten in a row do, and no more are asked', async () => {
    const { ask, settled, changes, started } = world();
    const questions = Array.from({ length: 1000 }, () => ask('bad', 16));
    for (const [index, each] of questions.entries()) {
      if (index === 9) expect(changes).toEqual([]);
      each.fail(bad());
      if (index < 10) await each.done.catch(() => undefined);
      await settled();
      if (index === 9) break;
    }
    expect(changes).toEqual([{ host: 'bad', down: true, why: 'it answers with HTTP status 502' }]);
    await Promise.allSettled(questions.map(({ done }) => done));
    expect(started).toHaveLength(10);
  });

  it('do not pass for their host where it answered others meanwhile', async () => {
    const { ask, settled, changes } = world();
    const hung = [ask('host', 16), ask('host', 16)];
    const other = ask('host', 16);
    await settled();
    other.answer();
    await other.done;
    const last = ask('host', 16);
    await settled();
    for (const each of [...hung, last]) each.fail(new HostFailure('no answer within 1 s', 'unreachable'));
    await Promise.allSettled([...hung, last].map(({ done }) => done));
    expect(changes).toEqual([]);
  });
});

describe('a host that is down', () => {
  it('is asked three times; whoever waits, and whoever comes, is told at once, and one line is said', async () => {
    const { ask, settled, changes, started } = world();
    const questions = Array.from({ length: 1000 }, () => ask('down', 16));
    await settled();
    for (const each of questions.slice(0, 3)) each.fail();
    const outcomes = await Promise.allSettled(questions.map(({ done }) => done));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(ask('down').done).rejects.toThrow(
      /down did not answer, several times in a row.*connection refused/,
    );
    expect(started).toHaveLength(3);
    expect(changes).toEqual([{ host: 'down', down: true, why: 'connection refused' }]);
  });

  it('is tried again after a while; one more failure is enough then, and nothing is said anew', async () => {
    const { ask, settled, changes, started, pass } = world();
    for (const each of [ask('down'), ask('down'), ask('down')]) each.fail();
    await settled();
    pass(60_001);
    const again = ask('down');
    again.fail();
    await expect(again.done).rejects.toThrow(HostFailure);
    await expect(ask('down').done).rejects.toThrow('several times in a row');
    expect(started).toHaveLength(4);
    expect(changes).toHaveLength(1);
  });

  it('that answers again is said to, once', async () => {
    const { ask, settled, changes, pass } = world();
    for (const each of [ask('down'), ask('down'), ask('down')]) each.fail();
    await settled();
    pass(60_001);
    for (let time = 0; time < 2; time++) {
      const again = ask('down');
      again.answer();
      await again.done;
    }
    expect(changes.map(({ down }) => down)).toEqual([true, false]);
  });

  it('is not what a repository is that is not there: others of the same host are asked on', async () => {
    const { ask, changes } = world();
    for (let time = 0; time < 5; time++) {
      const question = ask('up');
      question.fail(new Error('there is no repository'));
      await expect(question.done).rejects.toThrow('no repository');
    }
    expect(changes).toEqual([]);
  });

  it('does not go down by failures with answers between them', async () => {
    const { ask, changes } = world();
    for (let time = 0; time < 6; time++) {
      const question = ask('flaky');
      if (time % 3 === 2) question.answer();
      else question.fail();
      await question.done.catch(() => undefined);
    }
    expect(changes).toEqual([]);
  });
});
