/** Which login belongs to which repository, and how the Reconciler document says so. */
import { expect, test } from 'vitest';
import { loginFor, loginOfMirror } from '../../src/desired/credentials.ts';
import type { FleetConfig, Forge, Login } from '../../src/reconciler/model.ts';
import { load, reconciler, recipe } from './folder-of.ts';

const as = (name: string): Login => ({ username: 'git', token: { kind: 'env', name } });
const CREDENTIALS: FleetConfig['credentials'] = [
  { url: 'https://git.example.org/', login: as('ALL') },
  { url: 'https://git.example.org/private', login: as('PRIVATE') },
  { url: 'http://localhost:3000', login: as('LOCAL') },
];

test.each([
  ['https://git.example.org/team/app.git', 'ALL'],
  ['https://GIT.example.org:443/team/app.git', 'ALL'],
  ['https://git.example.org/private/app.git', 'PRIVATE'],
  ['https://git.example.org/private', 'PRIVATE'],
  ['https://git.example.org/privateer/app.git', 'ALL'],
  ['https://git.example.org/team/../private/app.git', 'PRIVATE'],
  ['http://git.example.org/team/app.git', null],
  ['https://git.example.org:8443/team/app.git', null],
  ['https://git.example.org.evil.example/app', null],
  ['http://localhost:3000/app', 'LOCAL'],
  ['git@git.example.org:team/app.git', null],
  ['ssh://git@git.example.org/team/app', null],
  ['/srv/git/app', null],
])('%s is asked by the token of %s', (url, name) => {
  expect(loginFor(url, CREDENTIALS)).toEqual(name === null ? null : as(name));
});

const forge = (api: string): Forge => ({
  type: 'gitea',
  api,
  repo: 'team/app',
  token: { kind: 'env', name: 'FORGE' },
});

test.each([
  ['https://git.example.org/team/app', 'https://git.example.org/api/v1', 'ALL'],
  ['https://forge.example.org/team/app', 'https://forge.example.org/api/v1', 'FORGE'],
  ['https://other.example.org/team/app', 'https://forge.example.org/api/v1', null],
  ['git@forge.example.org:team/app', 'https://forge.example.org/api/v1', null],
])('%s, served by %s, is pushed to by the token of %s', (url, api, name) => {
  const login = name === null ? null : as(name);
  expect(loginOfMirror({ url, forge: forge(api) }, CREDENTIALS)).toEqual(login);
});

test('a mirror without a forge has no other login than the fleet’s', () => {
  expect(loginOfMirror({ url: 'https://forge.example.org/app', forge: null }, CREDENTIALS)).toBeNull();
});

test('manifests get the logins of the Reconciler document, and files are found beside it', async () => {
  const { manifests, folder } = await load({
    'r.yaml': reconciler(
      'credentials: [{url: "https://git.example.org", tokenFile: secrets/token, username: deploy}]',
    ),
    'a.yaml': recipe('a'),
  });
  expect(manifests[0]?.login).toEqual({
    username: 'deploy',
    token: { kind: 'file', path: `${folder}/secrets/token` },
  });
});

test.each([
  ['credentials: [{url: "https://git.example.org"}]', 'either tokenEnv or tokenFile'],
  [
    'credentials: [{url: "https://git.example.org", tokenEnv: A, tokenFile: b}]',
    'either tokenEnv or tokenFile',
  ],
  ['credentials: [{url: "git@host:path", tokenEnv: A}]', 'expected a URL'],
  ['credentials: [{url: "https://a:hunter2@host", tokenEnv: A}]', 'userinfo in a URL is refused'],
  ['credentials: [{url: "https://host", tokenEnv: hunter2-hunter2}]', 'the name of an environment variable'],
])('%s is refused: %s', async (spec, why) => {
  const { problems } = await load({ 'r.yaml': reconciler(spec), 'a.yaml': recipe('a') });
  expect(problems.map(({ message }) => message).join('\n')).toContain(why);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});
