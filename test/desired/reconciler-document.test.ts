import { describe, expect, test } from 'vitest';
import { load, names, recipe, reconciler } from './folder-of.ts';

const DEFAULTS = {
  driver: 'process',
  domain: 'localhost',
  domainTemplate: 'warm-{recipe}.{domain}',
  reservedDomains: [],
  intervalMs: 600_000,
  window: null,
  concurrency: { observe: 16, trials: 1 },
  diskBudgetBytes: null,
  verifyIntervalMs: 86_400_000,
  credentials: [],
  freeze: null,
  server: { host: '127.0.0.1', port: 9464 },
  registry: 'file',
  swarm: {
    network: 'proxy',
    helperImage: 'busybox:stable',
    node: null,
    edge: { scheme: 'https', address: null, ca: null },
  },
};

async function configOf(...spec: string[]) {
  const { config, folder } = await load({ 'r.yaml': reconciler(...spec) });
  if (!config.readable) throw new Error(config.why);
  return { ...config.value, manifests: folder };
}

describe('the configuration', () => {
  test('has the defaults of the contract where there is no Reconciler document', async () => {
    const { config } = await load({ 'a.yaml': recipe('a') });
    expect(config).toEqual({ readable: true, value: DEFAULTS });
  });

  test('has the same defaults where the document has no spec', async () => {
    const { config } = await load({ 'r.yaml': 'apiVersion: reconcile/v1\nkind: Reconciler\n' });
    expect(config).toEqual({ readable: true, value: DEFAULTS });
  });

  test('may say everything', async () => {
    const config = await configOf(
      'driver: swarm',
      'domain: ci.example.org',
      "domainTemplate: '{recipe}.warm.{domain}'",
      'reservedDomains: [www.example.org]',
      'interval: 5m',
      'window: {schedule: " 0 3 * * 0 ", timezone: Europe/Berlin, duration: 12h}',
      'concurrency: {observe: 4, trials: 2}',
      'diskBudget: 200GiB',
      'verify: {interval: 30d}',
      'freeze: {reason: holidays, by: ada, until: 2026-12-27}',
      'server: {host: "::1", port: 0}',
      'registry: file',
      'swarm: {network: edge, helperImage: "registry.example.org:5000/box:1", node: n1, edge: {scheme: http, address: "127.0.0.1:8080", ca: ca.pem}}',
    );
    expect(config).toMatchObject({
      driver: 'swarm',
      domain: 'ci.example.org',
      domainTemplate: '{recipe}.warm.{domain}',
      reservedDomains: ['www.example.org'],
      intervalMs: 300_000,
      window: { schedule: '0 3 * * 0', timezone: 'Europe/Berlin', durationMs: 43_200_000 },
      concurrency: { observe: 4, trials: 2 },
      diskBudgetBytes: 200 * 2 ** 30,
      verifyIntervalMs: 30 * 86_400_000,
      freeze: { reason: 'holidays', by: 'ada', until: '2026-12-27T00:00:00.000Z' },
      server: { host: '::1', port: 0 },
      swarm: {
        network: 'edge',
        helperImage: 'registry.example.org:5000/box:1',
        node: 'n1',
        edge: { scheme: 'http', address: '127.0.0.1:8080', ca: `${config.manifests}/ca.pem` },
      },
    });
  });

  test('has no edge where the document says none', async () => {
    expect((await configOf('swarm: {edge: none}')).swarm.edge).toBeNull();
  });
});

describe('faults, at their places', () => {
  test.each([
    [
      'an unknown driver',
      'driver: proces',
      '4:11: expected "process" or "swarm", got "proces", did you mean "process"?',
    ],
    ['an unknown key', 'windwo: {}', '4:3: unknown key "windwo", did you mean "window"?'],
    [
      'an unknown key further in',
      'swarm: {edge: {schema: https}}',
      '4:18: unknown key "schema", did you mean "scheme"?',
    ],
    [
      'a schedule of words',
      'window: {schedule: "@daily", duration: 1h}',
      '4:22: expected a cron expression of five fields',
    ],
    [
      'a schedule of six fields',
      'window: {schedule: "0 0 3 * * 0", duration: 1h}',
      '4:22: expected a cron expression of five fields',
    ],
    [
      'a schedule that never comes',
      'window: {schedule: "0 3 30 2 *", duration: 1h}',
      '4:22: expected a schedule whose time comes, got "0 3 30 2 *"',
    ],
    ['a window without an end', 'window: {schedule: "0 3 * * 0"}', '4:3: missing key "duration"'],
    [
      'a timezone of Mars',
      'window: {schedule: "0 3 * * 0", timezone: Mars/Olympus, duration: 1h}',
      '4:45: expected a timezone',
    ],
    [
      'a template without the recipe',
      'domainTemplate: warm.example.org',
      '4:19: the template needs {recipe}',
    ],
    [
      'a template with another placeholder',
      "domainTemplate: '{recipe}.{host}'",
      '4:19: expected a domain name',
    ],
    ['a domain in capitals', 'domain: Example.org', '4:11: expected a domain name in lower case'],
    ['a budget in megabytes', 'diskBudget: 500MB', '4:15: expected a size such as 500MiB or 200GiB'],
    ['no trial at the same time', 'concurrency: {trials: 0}', '4:25: expected at least 1'],
    ['a port beyond the last', 'server: {port: 65536}', '4:18: expected at most 65535'],
    ['another registry', 'registry: swarm', '4:13: expected "file", got "swarm"'],
    ['an edge that is neither none nor a mapping', 'swarm: {edge: no}', '4:17: expected none, or a mapping'],
    [
      'an image that is an option',
      'swarm: {helperImage: --privileged}',
      '4:24: expected the name of an image',
    ],
    [
      'an edge address without a port',
      'swarm: {edge: {address: host}}',
      '4:27: expected an address as host:port',
    ],
    ['a freeze without a reason', 'freeze: {by: ada}', '4:3: missing key "reason"'],
  ])('%s', async (_, line, expected) => {
    const { messages, config } = await load({ 'r.yaml': reconciler(line) });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(`r.yaml:${expected}`);
    expect(config).toMatchObject({ readable: false });
    expect(config.readable ? '' : config.why).toContain(`r.yaml:4:`);
  });
});

describe('a configuration that cannot be known', () => {
  test('a second document makes it unreadable, and each names the other', async () => {
    const { config, messages } = await load({
      'a.yaml': reconciler(),
      'b.yaml': `# b\n${reconciler()}`,
      'c.yaml': recipe('c'),
    });
    expect(config).toMatchObject({ readable: false });
    expect(messages).toEqual([
      expect.stringMatching(
        /^a\.yaml:1:1: there can be one Reconciler document only; another is at .*b\.yaml:2:1$/,
      ),
      expect.stringMatching(
        /^b\.yaml:2:1: there can be one Reconciler document only; another is at .*a\.yaml:1:1$/,
      ),
    ]);
  });

  test.each([
    ['its kind is misspelled', 'x.yaml', reconciler().replace('Reconciler', 'Reconsiler')],
    ['its file has a syntax error', 'x.yaml', reconciler('domain: "x')],
    ['its file is cut off before the kind can be read', 'x.yaml', `a: [\n${reconciler()}`],
    ['its file holds a NUL', 'x.yaml', `${reconciler()}# \0`],
    ['its file is not even text', 'reconciler.yaml', new Uint8Array([0xff, 0xfe, 0x00])],
    ['it has lost its kind, but not the name of its file', 'team/reconciler.yml', 'spec: {}\n'],
  ])('it is not taken for absent where %s', async (_, path, text) => {
    const { config, manifests } = await load({ [path]: text, 'c.yaml': recipe('c') });
    expect(config).toMatchObject({ readable: false });
    expect(names(manifests)).toEqual(['c']);
  });

  test('a broken file that shows no sign of it does not stop the other recipes', async () => {
    const { config, manifests } = await load({ 'x.yaml': 'kind: Recipe\nspec: [', 'c.yaml': recipe('c') });
    expect(config).toMatchObject({ readable: true });
    expect(names(manifests)).toEqual(['c']);
  });
});

describe('a reserved domain', () => {
  const reserving = (domain: string) => reconciler('domain: example.org', `reservedDomains: [${domain}]`);

  test('refuses the recipe that would get it, and no other', async () => {
    const { messages, manifests, invalid } = await load({
      'r.yaml': reserving('warm-a.example.org'),
      'a.yaml': recipe('a'),
      'b.yaml': recipe('b'),
    });
    expect(messages).toEqual([
      'a.yaml:4:9: its domain warm-a.example.org is reserved by the Reconciler document',
    ]);
    expect([names(manifests), names(invalid)]).toEqual([['b'], ['a']]);
  });

  test('is compared whole', async () => {
    const { manifests } = await load({ 'r.yaml': reserving('example.org'), 'a.yaml': recipe('a') });
    expect(names(manifests)).toEqual(['a']);
  });
});
