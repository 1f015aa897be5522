/**
 * What every driver must do, whatever it deploys with. A harness brings the driver, apps that behave as named, and
 * hands that reach into volumes without going through the driver.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { TrialFault } from '../../src/reconciler/errors.ts';
import type { Manifest } from '../../src/reconciler/model.ts';
import type { DataHome, Deployed, DeployRequest, Driver, NewHome, Work } from '../../src/reconciler/ports.ts';

/** `stores` answers with JSON: the versions that ran on its volume `data`, and its secret `key`. */
export type Behaviour = 'answers' | 'exits' | 'answers-500' | 'silent' | 'ignores-sigterm' | 'stores';

export interface DriverHarness {
  driver: Driver;
  /** Belongs to the work alone: everything that it makes lies in here. */
  folder: string;
  /** A home that nothing was deployed on yet. */
  home(name: string): NewHome;
  /** A request whose app behaves so; health is impatient, volumes are `data` and secrets `key` for `stores`. */
  request(behaviour: Behaviour, home: NewHome, over?: RequestChanges): Promise<DeployRequest>;
  manifest(behaviour: Behaviour, over?: RequestChanges): Manifest;
  work(signal?: AbortSignal): Work;
  /** Everything that was said into the log of any `work`, as a step's log would show it. */
  logged(): string;
  /** What apps have left running, in words; found without the driver. */
  running(): Promise<string[]>;
  write(home: DataHome, volume: string, file: string, text: string): Promise<void>;
  read(home: DataHome, volume: string, file: string): Promise<string>;
  /** Gives a file another time, and nothing else. */
  touch(home: DataHome, volume: string, file: string): Promise<void>;
  removeVolume(home: DataHome, volume: string): Promise<void>;
  removeSecret(home: DataHome, secret: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface RequestChanges {
  version?: string;
  volumes?: readonly string[];
  secrets?: readonly string[];
  timeoutMs?: number;
  stableForMs?: number;
}

export function describeDriver(name: string, makeHarness: () => Promise<DriverHarness>): void {
  const it = onStage(makeHarness);
  describe(`the ${name} driver, as every driver`, () => {
    it('can work here', async ({ driver }) => {
      expect(await driver.reach()).toEqual({ readable: true, value: null });
    });

    it('gives every app an address of its own', async ({ driver }) => {
      const [one, other] = await Promise.all([driver.address('a.localhost'), driver.address('b.localhost')]);
      expect(one.url).not.toBe(other.url);
      await Promise.all([one.release(), other.release()]);
    });

    it('returns from a deploy when the app answers at its address', async ({ harness, driver }) => {
      const request = await harness.request('answers', harness.home('one'));
      const deployed = await driver.deploy(request, harness.work());
      expect(deployed.url).toBe(request.address.url);
      expect((await fetch(deployed.url)).status).toBe(200);
      await expect(deployed.confirm()).resolves.toBeUndefined();
    });

    it.for([
      ['exits', 'red', 'app-exited', 'cannot start: there is no database'],
      ['answers-500', 'red', 'wrong-answer', 'answered 500, expected 200: the database is on fire'],
      ['silent', 'timeout', 'health-timeout', 'did not answer'],
    ] as const)(
      'says of an app that %s: %s %s',
      async ([behaviour, verdict, reason, words], { harness, deploy }) => {
        const fault = await faultOf(deploy(behaviour, harness.home('one'), { timeoutMs: 800 }));
        expect(fault).toMatchObject({ verdict, reason });
        expect(fault.message).toContain(words);
        expect(await harness.running()).toEqual([]);
      },
    );

    it('has nothing left running when it returns from undeploy, even of an app that does not want to go', async ({
      harness,
      driver,
      deploy,
    }) => {
      const home = harness.home('one');
      await deploy('ignores-sigterm', home);
      expect(await harness.running()).not.toEqual([]);
      await driver.undeploy(home.stack, harness.work());
      expect(await harness.running()).toEqual([]);
    });

    it('undeploys what is not deployed without complaint', async ({ harness, driver }) => {
      await expect(driver.undeploy('warm-nobody-1', harness.work())).resolves.toBeUndefined();
    });

    it('ends only the stack that it was told to end', async ({ harness, driver, deploy }) => {
      await deploy('answers', harness.home('one'));
      const other = await deploy('answers', harness.home('one-more'));
      await driver.undeploy(harness.home('one').stack, harness.work());
      await expect(other.confirm()).resolves.toBeUndefined();
    });

    it('replaces what runs on a home, and keeps its data and its secret', async ({ harness, deploy }) => {
      const home = harness.home('one');
      const first = await said((await deploy('stores', home, { version: '1.0.0+1' })).url);
      const before = (await harness.running()).length;
      const second = await said((await deploy('stores', home, { version: '2.0.0+2' })).url);
      expect(second).toEqual({ versions: ['1.0.0+1', '2.0.0+2'], secret: first.secret });
      expect(await harness.running()).toHaveLength(before);
    });

    it('makes a new volume empty, drops one that is gone, and reports both', async ({
      harness,
      deploy,
      measure,
    }) => {
      const home = harness.home('one');
      const first = await deploy('answers', home, { volumes: ['old', 'kept'] });
      expect(first).toMatchObject({ added: ['old', 'kept'], dropped: [] });
      await harness.write(home, 'kept', 'file', 'data');
      const second = await deploy('answers', home, { volumes: ['kept', 'new'] });
      expect(second).toMatchObject({ added: ['new'], dropped: ['old'] });
      expect(await harness.read(home, 'kept', 'file')).toBe('data');
      const { volumes } = await measure(home, { volumes: ['kept', 'new'] });
      expect(volumes.map(({ name, files }) => [name, files])).toEqual([
        ['kept', 1],
        ['new', 0],
      ]);
    });

    it('makes secrets of their own for each home, and lets no log say them', async ({ harness, deploy }) => {
      const { secret } = await said((await deploy('stores', harness.home('one'))).url);
      const other = await said((await deploy('stores', harness.home('two'))).url);
      expect(secret).toMatch(/^[A-Za-z0-9]{32}$/);
      expect(other.secret).not.toBe(secret);
      harness.work().log.note(`the secret is ${secret ?? ''}`);
      expect(harness.logged()).toContain('the secret is ***');
    });

    it('confirms no app that has ended since', async ({ harness, driver, deploy }) => {
      const home = harness.home('one');
      const deployed = await deploy('answers', home);
      await driver.undeploy(home.stack, harness.work());
      await expect(deployed.confirm()).rejects.toBeInstanceOf(TrialFault);
    });

    it('ends what it started when aborted, and throws the reason', async ({ harness, driver }) => {
      const stop = new AbortController();
      const request = await harness.request('silent', harness.home('one'), { timeoutMs: 60_000 });
      const deploying = driver.deploy(request, harness.work(stop.signal));
      const outcome = deploying.then(
        () => null,
        (error: unknown) => error,
      );
      await until(async () => (await harness.running()).length > 0, 60_000);
      stop.abort(new Error('told to stop'));
      expect(await outcome).toMatchObject({ message: 'told to stop' });
      expect(await harness.running()).toEqual([]);
    });

    it('lists what runs under a mark without ending it', async ({ harness, driver, deploy }) => {
      await deploy('answers', harness.home('one'));
      const { mark } = harness.work();
      expect(await driver.owned(`${mark}-of-another`, `${harness.folder}-of-another`)).toEqual([]);
      expect(await driver.owned(mark.slice(0, mark.lastIndexOf('/')), harness.folder)).toHaveLength(1);
      expect(await harness.running()).toHaveLength(1);
    });

    it('reaps everything whose mark begins so', async ({ harness, driver, deploy }) => {
      await deploy('answers', harness.home('one'));
      await deploy('ignores-sigterm', harness.home('two'));
      const { mark } = harness.work();
      expect(await driver.reap(`${mark}-of-another`, `${harness.folder}-of-another`)).toBe(0);
      expect(await driver.reap(mark.slice(0, mark.lastIndexOf('/')), harness.folder)).toBe(2);
      expect(await harness.running()).toEqual([]);
      expect(await driver.reap(mark, harness.folder)).toBe(0);
    });

    describe('with data at rest', () => {
      it('clones volumes and secrets without touching the source', async ({
        harness,
        driver,
        deploy,
        measure,
        rested,
      }) => {
        const source = await rested('one');
        const before = await measure(source);
        const target = harness.home('two');
        await driver.clone(source, before.volumes, target, harness.work());
        expect(await measure(target)).toEqual(before);
        const answer = await said((await deploy('stores', target, { version: '2.0.0+2' })).url);
        expect(answer.versions).toEqual(['1.0.0+1', '2.0.0+2']);
        expect(await measure(source)).toEqual(before);
      });

      it('finds a source that changed since it was promoted, while cloning it', async ({
        harness,
        driver,
        measure,
        rested,
      }) => {
        const source = await rested('one');
        const { volumes } = await measure(source);
        await harness.write(source, 'data', 'versions', '9.9.9+9\n');
        const fault = await faultOf(driver.clone(source, volumes, harness.home('two'), harness.work()));
        expect(fault).toMatchObject({ verdict: 'infra', reason: 'base-changed' });
        expect(fault.message).toContain('volume data');
      });

      it('says when what it is to clone is missing', async ({ harness, driver, measure, rested }) => {
        const source = await rested('one');
        const { volumes } = await measure(source);
        await harness.removeVolume(source, 'data');
        const fault = await faultOf(driver.clone(source, volumes, harness.home('two'), harness.work()));
        expect(fault).toMatchObject({ verdict: 'infra', reason: 'base-missing' });
      });

      it('finds no damage where there is none, and none in a time that moved', async ({
        harness,
        driver,
        measure,
        rested,
      }) => {
        const home = await rested('one');
        const expected = await measure(home);
        const intact = await driver.inspect(home, expected);
        expect(intact).toMatchObject({ damage: [], bytes: expected.volumes[0]?.bytes });
        expect(intact.allocatedBytes).toBeGreaterThan(0);
        await harness.touch(home, 'data', 'versions');
        expect((await driver.inspect(home, expected)).damage).toEqual([]);
      });

      it('tells changed from missing', async ({ harness, driver, measure, rested }) => {
        const home = await rested('one');
        const expected = await measure(home);
        await harness.write(home, 'data', 'versions', '1.0.0+2\n');
        await harness.removeSecret(home, 'key');
        expect((await driver.inspect(home, expected)).damage).toEqual([
          { kind: 'changed', what: 'volume data' },
          { kind: 'missing', what: 'secret key' },
        ]);
        await harness.removeVolume(home, 'data');
        expect((await driver.inspect(home, expected)).damage).toContainEqual({
          kind: 'missing',
          what: 'volume data',
        });
      });

      it('finds what is missing, and nothing else, without reading it', async ({
        harness,
        driver,
        measure,
        rested,
      }) => {
        const home = await rested('one');
        const expected = await measure(home);
        await harness.write(home, 'data', 'versions', '1.0.0+2\n');
        expect(await driver.missing(home, expected)).toEqual([]);
        await harness.removeSecret(home, 'key');
        await harness.removeVolume(home, 'data');
        expect(await driver.missing(home, expected)).toEqual([
          { kind: 'missing', what: 'volume data' },
          { kind: 'missing', what: 'secret key' },
        ]);
      });

      it('examines each thing by itself, and reads contents where it is told to or where times moved', async ({
        harness,
        driver,
        measure,
        rested,
      }) => {
        const home = await rested('one');
        const expected = await measure(home);
        const examine = async (contents: 'always' | 'where-doubtful') =>
          (await driver.examine(home, expected, { contents, signal: harness.work().signal })).map(
            ({ kind, name, state }) => `${kind} ${name} ${state}`,
          );
        expect(await examine('where-doubtful')).toEqual(['volume data intact', 'secret key intact']);
        expect(await examine('always')).toEqual(['volume data intact', 'secret key intact']);
        await harness.touch(home, 'data', 'versions');
        expect(await examine('where-doubtful')).toEqual(['volume data touched', 'secret key intact']);
        await harness.write(home, 'data', 'versions', '1.0.0+2\n');
        await harness.removeSecret(home, 'key');
        expect(await examine('where-doubtful')).toEqual(['volume data changed', 'secret key missing']);
        await harness.removeVolume(home, 'data');
        expect(await examine('where-doubtful')).toEqual(['volume data missing', 'secret key missing']);
      });

      it('forces data to disk', async ({ harness, driver, rested }) => {
        await expect(driver.flush(await rested('one'), harness.work())).resolves.toBeUndefined();
      });
    });
  });
}

interface Stage {
  harness: DriverHarness;
  driver: Driver;
  deploy(behaviour: Behaviour, home: NewHome, over?: RequestChanges): Promise<Deployed>;
  measure(home: DataHome, over?: RequestChanges): ReturnType<Driver['measure']>;
  /** Deployed once, so that it has data and a secret, and at rest. */
  rested(stack: string): Promise<NewHome>;
}

/** Each test gets a harness of its own: where a driver's tests may run beside each other, they do. */
function onStage(makeHarness: () => Promise<DriverHarness>) {
  return test.extend<Stage>({
    // oxlint-disable-next-line no-empty-pattern -- it is read for what a fixture needs
    harness: async ({}, use) => {
      const harness = await makeHarness();
      await use(harness);
      await harness.dispose();
    },
    driver: async ({ harness }, use) => await use(harness.driver),
    deploy: async ({ harness, driver }, use) =>
      await use(async (behaviour, home, over) =>
        driver.deploy(await harness.request(behaviour, home, over), harness.work()),
      ),
    measure: async ({ harness, driver }, use) =>
      await use((home, over) => driver.measure(home, harness.manifest('stores', over), harness.work())),
    rested: async ({ harness, driver, deploy }, use) =>
      await use(async (stack) => {
        const home = harness.home(stack);
        await deploy('stores', home);
        await driver.undeploy(home.stack, harness.work());
        return home;
      }),
  });
}

async function said(url: string): Promise<{ versions: string[]; secret: string | null }> {
  return JSON.parse(await (await fetch(url)).text()) as { versions: string[]; secret: string | null };
}

/** What a promise that must fail as a verdict failed with. */
export async function faultOf(promise: Promise<unknown>): Promise<TrialFault> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(TrialFault);
    return error as TrialFault;
  }
  throw new Error('expected a TrialFault, and nothing was thrown');
}

export async function until(holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`what was waited for did not come within ${withinMs} ms`);
    await sleep(10);
  }
}
