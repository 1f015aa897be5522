/** Pull requests on the team's mirror, as the built program looks after them: after a sync, and never at its cost. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { Gitea } from '../fixtures/gitea.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { pass, plan, row } from './rows.ts';

let fleet: Fleet;
let mirror: UpstreamRepo;
let upstream: UpstreamRepo;
let forge: Gitea;

beforeEach(async () => {
  fleet = await Fleet.create();
  mirror = await UpstreamRepo.create(join(fleet.folder, 'mirror'));
  await mirror.git('config', 'core.bare', 'true');
  forge = await Gitea.start(mirror);
  await mkdir(join(fleet.folder, 'work'));
  upstream = await fleet.recipe('shop', '1.0.0+1.0', {
    mirror: {
      url: '../mirror/.git',
      forge: { type: 'gitea', api: forge.api, repo: 'team/app', tokenEnv: 'FORGE_TOKEN' },
    },
  });
});

afterEach(async () => {
  await forge.close();
  await fleet.dispose();
});

const run = async (token = forge.token): Promise<Outcome> =>
  await pass(fleet, [], { env: { FORGE_TOKEN: token } });
const pullRequests = (outcome: Outcome) =>
  (row(outcome, 'shop')['mirror'] as { pullRequests: string | null }).pullRequests;

/** A commit on the mirror, made as somebody would who has cloned it. */
async function contribution(file: string): Promise<string> {
  const blob = await mirror.git('hash-object', '-w', join(upstream.folder, file));
  await mirror.git('read-tree', 'refs/heads/main');
  await mirror.git('update-index', '--add', '--cacheinfo', `100644,${blob},${file}`);
  const tree = await mirror.git('write-tree');
  return await mirror.git('commit-tree', '-p', 'refs/heads/main', '-m', `Add ${file}`, tree);
}

it('one whose work has arrived from upstream is closed, and every other stays', async () => {
  await run();
  await upstream.commit({ ...(await files()), arrived: 'here\n', other: 'not yet\n' });
  const [arrived, open] = [await contribution('arrived'), await contribution('other')];
  const [first, second] = [await forge.open(arrived), await forge.open(open)];
  await upstream.git('rm', '--quiet', '--cached', 'other');
  await upstream.git('commit', '--quiet', '--amend', '--no-edit');
  const outcome = await run();
  expect(outcome.code).toBe(0);
  expect(row(outcome, 'shop')['notes']).toContain(
    'closed pull request 1 of the mirror, which would change nothing any more',
  );
  expect([first.state, second.state]).toEqual(['closed', 'open']);
  expect(first.comments[0]?.body).toContain('merging this would change nothing any more');
  expect(second.comments).toEqual([]);
  await expectInvariants(fleet);
});

it('a forge that fails, or a token that is not there, fails no trial, is seen in status, and is tried again', async () => {
  forge.interfere = (_, response) => {
    response.writeHead(500).end('{"message":"out of order"}');
    return true;
  };
  const first = await run();
  expect(row(first, 'shop')).toMatchObject({
    decision: 'in-sync',
    trial: { verdict: 'green', promoted: true },
  });
  expect(pullRequests(first)).toMatch(/out of order/);
  expect((await fleet.reconcile(['status'])).stdout).toMatch(/pull requests of shop: .*out of order/);
  forge.interfere = () => false;
  expect(row(await plan(fleet), 'shop')['mirror']).toMatchObject({ state: 'equal', due: false });
  const second = await run('');
  expect(second.code).toBe(0);
  expect(pullRequests(second)).toMatch(/\$FORGE_TOKEN holds no token/);
  const third = await run();
  expect(third.code).toBe(0);
  expect(pullRequests(third)).toBeNull();
  const count = forge.requests.length;
  expect((await run()).code).toBe(0);
  expect(forge.requests).toHaveLength(count);
  await expectInvariants(fleet);
});

async function files(): Promise<Record<string, string>> {
  const names = (await upstream.git('ls-files')).split('\n');
  const texts = await Promise.all(names.map(async (name) => await upstream.git('show', `HEAD:${name}`)));
  return Object.fromEntries(names.map((name, index) => [name, `${texts[index]}\n`]));
}
