import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecipe, readStored } from '../../src/desired/recipe.ts';
import { load, names, recipe } from './folder-of.ts';

const ORIGIN = { file: 'manifests/app.yaml', folder: '/srv/manifests' };

function document(spec: Readonly<Record<string, unknown>> = {}) {
  return {
    apiVersion: 'reconcile/v1',
    kind: 'Recipe',
    metadata: { name: 'app' },
    spec: { upstream: 'https://git.example.org/app.git', ...spec },
  };
}

function manifestOf(spec: Readonly<Record<string, unknown>> = {}) {
  const { manifest, faults } = readRecipe(document(spec), ORIGIN);
  if (manifest === null) throw new Error(JSON.stringify(faults));
  return manifest;
}

describe('a manifest', () => {
  test('needs nothing but a name and an upstream: the rest has the defaults of the contract', () => {
    expect(manifestOf()).toEqual({
      name: 'app',
      file: 'manifests/app.yaml',
      folder: '/srv/manifests',
      document: document(),
      enrolled: true,
      reason: null,
      suspend: null,
      upstream: 'https://git.example.org/app.git',
      login: null,
      branch: null,
      release: { ignore: [], prerelease: false, minAgeMs: 0 },
      mirror: null,
      dependsOn: [],
      app: { env: {}, process: null },
      health: {
        path: '/',
        status: [200],
        contains: null,
        timeoutMs: 600_000,
        stableForMs: 2000,
        service: null,
        port: null,
      },
      checks: [],
      timeoutMs: 3_600_000,
      retain: 2,
      retry: {
        red: { baseMs: 6 * 3_600_000, maxMs: 6 * 86_400_000 },
        infra: { baseMs: 30_000, maxMs: 3_600_000 },
      },
      commandFiles: {},
    });
  });

  test('may say everything', () => {
    const manifest = manifestOf({
      enrolled: false,
      reason: 'upstream is archived',
      suspend: { reason: 'migration', by: 'ada', until: '2026-07-01' },
      branch: 'release/2.x',
      release: { ignore: ['*-rootless'], prerelease: true, minAge: '2d' },
      mirror: {
        url: 'git@mirror.example.org:team/app.git',
        forge: {
          type: 'gitea',
          api: 'https://mirror.example.org/api/v1',
          repo: 'team/app',
          tokenEnv: 'TOKEN',
        },
      },
      app: {
        env: { A: 'b' },
        process: { command: ['node', 'x.js'], volumes: ['data'], secrets: ['db-password'] },
      },
      health: {
        path: '/ok?x=1',
        status: [200, 302],
        contains: 'yes',
        timeout: '3s',
        stableFor: '0s',
        service: 'app',
        port: 80,
      },
      checks: [{ name: 'login', phase: 'afterUpgrade', command: ['./login.sh'], timeout: '90s' }],
      timeout: '2h',
      retain: 1,
      retry: { red: { base: '1s', max: '1m' }, infra: { base: '2s', max: '2m' } },
    });
    expect(manifest).toMatchObject({
      enrolled: false,
      reason: 'upstream is archived',
      suspend: { reason: 'migration', by: 'ada', until: '2026-07-01T00:00:00.000Z' },
      branch: 'release/2.x',
      release: { ignore: ['*-rootless'], prerelease: true, minAgeMs: 172_800_000 },
      mirror: {
        url: 'git@mirror.example.org:team/app.git',
        forge: { token: { kind: 'env', name: 'TOKEN' }, repo: 'team/app' },
      },
      app: {
        env: { A: 'b' },
        process: { command: ['node', 'x.js'], volumes: ['data'], secrets: ['db-password'] },
      },
      health: {
        path: '/ok?x=1',
        status: [200, 302],
        contains: 'yes',
        timeoutMs: 3000,
        stableForMs: 0,
        service: 'app',
        port: 80,
      },
      checks: [{ name: 'login', phase: 'afterUpgrade', command: ['./login.sh'], timeoutMs: 90_000 }],
      timeoutMs: 7_200_000,
      retain: 1,
      retry: { red: { baseMs: 1000, maxMs: 60_000 }, infra: { baseMs: 2000, maxMs: 120_000 } },
    });
  });

  test('fills in the other keys of a mapping that is given in part', () => {
    expect(manifestOf({ health: { path: '/x' } }).health).toMatchObject({
      status: [200],
      timeoutMs: 600_000,
    });
    expect(manifestOf({ retry: { red: { base: '1h' } } }).retry.red).toEqual({
      baseMs: 3_600_000,
      maxMs: 518_400_000,
    });
    expect(
      manifestOf({ checks: [{ name: 'a', phase: 'installed', command: ['x'] }] }).checks[0]?.timeoutMs,
    ).toBe(300_000);
  });

  test('names dependencies by name, with one command, or with several', () => {
    const { dependsOn } = manifestOf({
      dependsOn: [
        'a',
        { name: 'b' },
        { name: 'c', provide: ['./p.sh', 1] },
        { name: 'd', provide: [['x'], ['y', 'z']] },
      ],
    });
    expect(dependsOn).toEqual([
      { name: 'a', provide: [] },
      { name: 'b', provide: [] },
      { name: 'c', provide: [['./p.sh', '1']] },
      { name: 'd', provide: [['x'], ['y', 'z']] },
    ]);
  });

  test('takes numbers and booleans in an environment and in commands for their text', () => {
    const { app } = manifestOf({ app: { env: { A: 8080, B: true }, process: { command: ['sleep', 5] } } });
    expect(app).toEqual({
      env: { A: '8080', B: 'true' },
      process: { command: ['sleep', '5'], volumes: [], secrets: [] },
    });
  });

  test.each([
    ['2026-07-01T09:30:00Z', '2026-07-01T09:30:00.000Z'],
    ['2026-07-01T09:30:00+02:00', '2026-07-01T07:30:00.000Z'],
    ['2026-07-01T09:30', '2026-07-01T09:30:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ])('may be suspended until %s, which is %s', (until, expected) => {
    expect(manifestOf({ suspend: { reason: 'x', until } }).suspend?.until).toBe(expected);
  });
});

describe('locations relative to the manifest', () => {
  test('become absolute, in the manifest and in the document that is stored', () => {
    const manifest = manifestOf({ upstream: '../up/app', mirror: { url: './mirror.git' } });
    expect(manifest.upstream).toBe('/srv/up/app');
    expect(manifest.mirror?.url).toBe('/srv/manifests/mirror.git');
    expect(manifest.document).toMatchObject({
      spec: { upstream: '/srv/up/app', mirror: { url: '/srv/manifests/mirror.git' } },
    });
  });

  test('do not change the document that was given', () => {
    const given = document({ upstream: '../up/app' });
    readRecipe(given, ORIGIN);
    expect(given.spec.upstream).toBe('../up/app');
  });
});

describe('a stored document', () => {
  test('means the same when it is read again, through JSON and from another folder', () => {
    const manifest = manifestOf({
      upstream: '../up/app',
      checks: [{ name: 'a', phase: 'installed', command: ['x'] }],
    });
    const stored: unknown = JSON.parse(JSON.stringify(manifest.document));
    const again = readStored({ file: 'f.yaml', folder: '/elsewhere', document: stored });
    expect(again).toEqual({ ...manifest, file: 'f.yaml', folder: '/elsewhere' });
  });

  test.each([
    ['nothing', null],
    ['text', 'kind: Recipe'],
    ['a list', []],
    ['another kind', { ...document(), kind: 'Reconciler' }],
    ['a key that is gone', document({ gone: 1 })],
    ['a broken rule', document({ enrolled: false })],
  ])('that is %s is null, not an exception', (_, stored) => {
    expect(readStored({ ...ORIGIN, document: stored })).toBeNull();
  });

  test('that is any JSON at all does not throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, whole) => {
        readStored({ ...ORIGIN, document: whole });
        readStored({ ...ORIGIN, document: { ...document(), spec } });
      }),
    );
  });
});

describe('faults, at their places', () => {
  // `spec` begins in line 5, `upstream` is line 6: the lines given here begin at 7.
  test.each<[string, string[], string]>([
    ['an unknown key', ['timeuot: 3s'], '7:3: unknown key "timeuot", did you mean "timeout"?'],
    ['an unknown key that is like no other', ['volumes: []'], '7:3: unknown key "volumes"'],
    [
      'an unknown key further in',
      ['health:', '  stableFro: 3s'],
      '8:5: unknown key "stableFro", did you mean "stableFor"?',
    ],
    [
      'an unknown key in a list',
      ['checks:', '- nmae: a', '  phase: installed', '  command: [x]'],
      '8:5: unknown key "nmae", did you mean "name"?',
    ],
    [
      'an unknown key of a dependency',
      ['dependsOn: [{nam: x}]'],
      '7:16: unknown key "nam", did you mean "name"?',
    ],
    ['an unknown key named as what every object has', ['constructor: 1'], '7:3: unknown key "constructor"'],
    ['a missing key', ['suspend: {by: ada}'], '7:3: missing key "reason"'],
    [
      'a wrong word',
      ['checks: [{name: a, phase: instaled, command: [x]}]'],
      '7:29: expected "installed" or "beforeUpgrade" or "afterUpgrade", got "instaled", did you mean "installed"?',
    ],
    [
      'a duration without a unit',
      ['timeout: 90'],
      '7:12: expected a duration such as 90s, 10m, 6h or 7d, got 90 (number)',
    ],
    ['no generation kept', ['retain: 0'], '7:11: expected at least 1, got 0 (number)'],
    ['half a generation kept', ['retain: 1.5'], '7:11: expected a whole number, got 1.5 (number)'],
    ['text for a list', ['checks: x'], '7:11: expected a list, got text'],
    ['nothing for a mapping', ['health:'], '7:10: expected a mapping, got nothing'],
    ['a word for true or false', ['enrolled: yes'], '7:13: expected true or false, got "yes"'],
    ['no enrolment without a reason', ['enrolled: false'], '7:13: enrolled: false needs a reason beside it'],
    ['a reason of spaces', ['reason: "  "'], '7:11: expected some words, got empty text'],
    [
      'a reason that repaints a terminal',
      [String.raw`reason: "\e[2J"`],
      '7:11: text for people holds a control character',
    ],
    [
      'a day that does not exist',
      ['suspend: {reason: x, until: 2026-02-30}'],
      '7:31: expected a date or a time',
    ],
    [
      'a time of day that does not exist',
      ['suspend: {reason: x, until: "2026-02-20T25:00"}'],
      '7:31: expected a date or a time',
    ],
    ['a branch that is an option', ['branch: --all'], '7:11: expected the name of a branch, got "--all"'],
    ['a branch that leaves its folder', ['branch: a/../b'], '7:11: expected the name of a branch'],
    [
      'a command as text',
      ['app: {process: {command: node x.js}}'],
      '7:28: expected a command as a list, such as [node, server.js], got text',
    ],
    [
      'a command of nothing',
      ['app: {process: {command: []}}'],
      '7:28: a command needs at least the program to run',
    ],
    [
      'a program without a name',
      ['app: {process: {command: [""]}}'],
      '7:28: the program to run is empty text',
    ],
    [
      'an environment that is no name',
      ['app: {env: {1A: x}}'],
      '7:15: expected the name of an environment variable',
    ],
    ['an environment of mappings', ['app: {env: {A: {}}}'], '7:18: expected text, got a mapping'],
    [
      'a NUL in an environment',
      [String.raw`app: {env: {A: "x\0"}}`],
      '7:18: text for a process holds a NUL character',
    ],
    [
      'a NUL in a command',
      [String.raw`checks: [{name: a, phase: installed, command: ["x\0"]}]`],
      '7:50: text for a process holds a NUL character',
    ],
    [
      'a volume in capitals',
      ['app: {process: {command: [x], volumes: [Data]}}'],
      '7:43: expected a name of lower-case letters',
    ],
    [
      'a secret that leaves its folder',
      ['app: {process: {command: [x], secrets: [../x]}}'],
      '7:43: expected a name of lower-case letters',
    ],
    [
      'a volume twice',
      ['app: {process: {command: [x], volumes: [a, a]}}'],
      '7:46: the volume "a" is listed twice',
    ],
    [
      'a secret twice',
      ['app: {process: {command: [x], secrets: [a, a]}}'],
      '7:46: the secret "a" is listed twice',
    ],
    [
      'a check twice',
      [
        'checks:',
        '- {name: a, phase: installed, command: [x]}',
        '- {name: a, phase: afterUpgrade, command: [x]}',
      ],
      '9:12: the check "a" is listed twice',
    ],
    ['a dependency on itself', ['dependsOn: [app]'], '7:15: a recipe cannot depend on itself'],
    ['a dependency twice', ['dependsOn: [b, {name: b}]'], '7:25: the dependency "b" is listed twice'],
    ['a dependency that is no name', ['dependsOn: [B_]'], '7:15: expected a recipe name'],
    [
      'a dependency that is a number',
      ['dependsOn: [5]'],
      '7:15: expected the name of a recipe, or a mapping with name and provide, got 5 (number)',
    ],
    [
      'a fault within several provide commands',
      ['dependsOn: [{name: b, provide: [[x], [y, []]]}]'],
      '7:44: expected text, got a list',
    ],
    [
      'a fault within one provide command',
      ['dependsOn: [{name: b, provide: [x, {}]}]'],
      '7:38: expected text, got a mapping',
    ],
    [
      'a fault within the only one of several commands',
      ['dependsOn: [{name: b, provide: [[x, {}]]}]'],
      '7:39: expected text, got a mapping',
    ],
    [
      'a path to another host',
      ['health: {path: //evil.example.org/}'],
      '7:18: expected a path that begins with one slash',
    ],
    [
      'a status that HTTP does not know',
      ['health: {status: [20]}'],
      '7:21: expected at least 100, got 20 (number)',
    ],
    ['no status at all', ['health: {status: []}'], '7:20: expected at least 1 entries'],
    ['a port beyond the last', ['health: {port: 65536}'], '7:18: expected at most 65535'],
    [
      'a mirror that is the upstream',
      ['mirror: {url: "git@git.example.org:app"}'],
      '7:17: the mirror is the upstream itself',
    ],
    [
      'a forge of another kind',
      ['mirror: {url: /m, forge: {type: giteaa, api: "https://x", repo: a/b, tokenEnv: T}}'],
      '7:35: expected "gitea", got "giteaa", did you mean "gitea"?',
    ],
    [
      'a forge API that is no URL',
      ['mirror: {url: /m, forge: {type: gitea, api: x, repo: a/b, tokenEnv: T}}'],
      '7:47: expected a URL such as',
    ],
    [
      'a forge repository without an owner',
      ['mirror: {url: /m, forge: {type: gitea, api: "https://x", repo: b, tokenEnv: T}}'],
      '7:66: expected a repository as owner/name, got "b"',
    ],
    [
      'a longest wait below the first',
      ['retry: {red: {base: 2h, max: 1h}}'],
      '7:32: max (1h) must not be shorter than base (2h)',
    ],
    [
      'a first wait above the longest by default',
      ['retry: {infra: {base: 2h}}'],
      '7:25: max (1h) must not be shorter than base (2h)',
    ],
  ])('%s', async (_, spec, expected) => {
    const { messages, manifests } = await load({ 'app.yaml': recipe('app', ...spec) }, ['b', 'x']);
    expect(manifests).toEqual([]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(`app.yaml:${expected}`);
  });

  test.each([
    ['the empty file name', '""'],
    ['a name that leaves the state folder', '../x'],
    ['a hidden folder', '.reconcile'],
    ['capitals', 'App'],
    ['a hyphen at an end', 'app-'],
    ['41 characters', 'a'.repeat(41)],
    ['an option', '--all'],
  ])('a recipe cannot be called by %s', async (_, name) => {
    const { messages, invalid } = await load({ 'x.yaml': recipe(name) });
    expect(messages[0]).toContain('x.yaml:4:9: expected a recipe name');
    expect(names(invalid)).toEqual(['x.yaml']);
  });

  test('a name may have one character, or forty', async () => {
    const { manifests } = await load({ 'x.yaml': `${recipe('a')}---\n${recipe('b'.repeat(40))}` });
    expect(names(manifests)).toEqual(['a', 'b'.repeat(40)]);
  });

  test('a misspelled required key is one fault, not two', async () => {
    const { messages } = await load({ 'x.yaml': recipe('x').replace('upstream', 'upstraem') });
    expect(messages).toEqual(['x.yaml:6:3: unknown key "upstraem", did you mean "upstream"?']);
  });

  test('a misspelled key does not hide that the right one is wrong', async () => {
    const { messages } = await load({ 'x.yaml': recipe('x', 'timeuot: 3s', 'timeout: 3') });
    expect(messages).toHaveLength(2);
  });

  test('a missing upstream stands at the spec that lacks it', async () => {
    const { messages } = await load({ 'x.yaml': recipe('x', 'retain: 3').replace(/ +upstream.*\n/, '') });
    expect(messages).toEqual(['x.yaml:5:1: missing key "upstream"']);
  });

  test('all faults of all keys are reported at once, whatever else is wrong', async () => {
    const { messages } = await load({
      'x.yaml': recipe('x', 'enrolled: false', 'retain: 0', 'nonsense: 1', 'dependsOn: [x, 5]', 'retain: 2'),
    });
    expect(messages.map((message) => message.split(' ')[0])).toEqual([
      'x.yaml:7:13:',
      'x.yaml:8:11:',
      'x.yaml:9:3:',
      'x.yaml:10:15:',
      'x.yaml:10:18:',
      'x.yaml:11:3:',
    ]);
  });
});

describe('secrets', () => {
  test.each([
    ['in an upstream', ['upstream: https://ada:hunter2@git.example.org/x']],
    ['in a mirror', ['mirror: {url: "https://ada:hunter2@git.example.org/x"}']],
    [
      'in the address of a forge',
      ['mirror: {url: /m, forge: {type: gitea, api: "https://ada:hunter2@x", repo: a/b, tokenEnv: T}}'],
    ],
    [
      'where the name of a variable belongs',
      ['mirror: {url: /m, forge: {type: gitea, api: "https://x", repo: a/b, tokenEnv: hunter2-hunter2}}'],
    ],
    ['in an environment written as text', ['app: {env: PASSWORD=hunter2}']],
    ['in an environment that is too deep', ['app: {env: {PASSWORD: [hunter2]}}']],
    ['in a command written as text', ['checks: [{name: a, phase: installed, command: curl -u hunter2}]']],
    ['in a key', ['"https://ada:hunter2@git.example.org/x": 1']],
    ['in a broken line', ['a: "https://ada:hunter2@x" "https://ada:hunter2@y"']],
  ])('%s are refused without being shown', async (_, spec) => {
    const text = recipe('x', ...spec).replace(/upstream: .*app\.git\n(?= +upstream)/, '# ');
    const fleet = await load({ 'x.yaml': text });
    expect(fleet.messages.length).toBeGreaterThan(0);
    expect(JSON.stringify([fleet.problems, fleet.invalid])).not.toContain('hunter2');
  });
});

describe('whatever stands in a manifest', () => {
  const keys = fc.constantFrom(
    'upstream',
    'enrolled',
    'reason',
    'suspend',
    'release',
    'mirror',
    'dependsOn',
    'app',
    'health',
    'checks',
    'timeout',
    'retain',
    'retry',
    'env',
    'process',
    'command',
    'volumes',
    'name',
    'url',
    'constructor',
    'x',
  );
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.constantFrom('1h', 'a', '/x', 'https://u:p@h', '2026-02-30', null, true, 3),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  test('reading it does not throw, and every problem lies within its file', async () => {
    const runs = fc.sample(tree, 150);
    const files = Object.fromEntries(
      runs.map((spec, index) => [
        `${index}.yaml`,
        JSON.stringify(
          { apiVersion: 'reconcile/v1', kind: 'Recipe', metadata: { name: `r${index}` }, spec },
          null,
          1,
        ),
      ]),
    );
    const { problems, folder } = await load(files);
    expect(problems.length).toBeGreaterThan(0);
    for (const { file, line, column } of problems) {
      const lines = (files[file.slice(join(folder, '/').length)] ?? '').split('\n');
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
    }
  });
});
