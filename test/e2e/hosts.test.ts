/** Many recipes at few hosts: one that is down is found out once, and slows nobody. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { decisions, pass, row } from './rows.ts';

const HUNG = 30;
let fleet: Fleet;
let servers: HttpGit[];

beforeEach(async () => {
  fleet = await Fleet.create();
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.close();
  await fleet.dispose();
});

async function server(mode: HttpGit['mode']): Promise<HttpGit> {
  const git = await HttpGit.start(fleet.upstreams);
  git.mode = mode;
  servers.push(git);
  return git;
}

const hostLines = ({ stderr }: Outcome): string[] =>
  stderr.split('\n').filter((line) => line.includes('does not answer'));

it.each(['hang', 'refuse-connections', 'too-many'] as const)(
  'of a host that is down (%s) every recipe is unknown, with one line in the log, and no other is',
  async (how) => {
    const up = await server('serve');
    const down = await server(how === 'hang' ? 'hang' : 'too-many-requests');
    const { origin } = down;
    if (how === 'refuse-connections') await down.close();
    const upstream = await fleet.upstream('shop');
    await upstream.commit({ a: '1' });
    await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: up.url('shop') });
    for (let index = 0; index < HUNG; index++)
      await fleet.manifest(`a${index}`, { ...fleet.storeSpec(), upstream: `${origin}/a${index}` });
    const env = { RECONCILE_UPSTREAM_TIMEOUT: '1s' };
    const outcome = await pass(fleet, ['--log-format', 'json'], { env });
    expect(outcome.code).toBe(4);
    const { shop, ...others } = decisions(outcome);
    expect(shop).toBe('never-released');
    expect(Object.values(others)).toEqual(Array.from({ length: HUNG }, () => 'unknown'));
    expect(hostLines(outcome)).toHaveLength(1);
    expect(hostLines(outcome)[0]).toContain(origin);
    // What is answered badly may be the doing of one repository, so it takes more of that.
    const asked = how === 'too-many' ? 10 : 3;
    const words = Object.keys(others).map((name) => row(outcome, name).message);
    expect(words.filter((message) => message.includes('several times in a row'))).toHaveLength(HUNG - asked);
    if (how !== 'refuse-connections') expect(down.count()).toBe(asked);
  },
);

it('a fleet of which nothing changed starts no git at all', async () => {
  const up = await server('serve');
  for (const name of ['one', 'two', 'three']) {
    const upstream = await fleet.upstream(name);
    await upstream.commit({ a: '1' });
    await fleet.manifest(name, { ...fleet.storeSpec(), upstream: up.url(name) });
  }
  const { PATH } = await fakeGit(
    fleet.folder,
    `echo "$subcommand" >> '${join(fleet.folder, 'started')}'; exit 1`,
  );
  const outcome = await pass(fleet, [], { env: { PATH } });
  expect(decisions(outcome)).toEqual({
    one: 'never-released',
    two: 'never-released',
    three: 'never-released',
  });
  expect(up.count()).toBeLessThanOrEqual(6);
});
