/** What recipes write, as it is read: `.env.sample`, `abra.sh` and compose files. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAbraExports } from '../../../../src/actuators/drivers/swarm/abra-sh.ts';
import { isExternal, joinCompose, readCompose } from '../../../../src/actuators/drivers/swarm/compose.ts';
import { readEnvSample } from '../../../../src/actuators/drivers/swarm/env-sample.ts';
import { overlayOf, sharedNetworks } from '../../../../src/actuators/drivers/swarm/overlay.ts';

describe('.env.sample', () => {
  it.each([
    ['plain', 'DOMAIN=example.org', 'example.org'],
    ['with spaces around', 'DOMAIN = example.org ', 'example.org'],
    ['exported', 'export DOMAIN=example.org', 'example.org'],
    ['in double quotes', 'DOMAIN="a b # c"', 'a b # c'],
    ['in single quotes', "DOMAIN='$HOME # c'", '$HOME # c'],
    ['with escapes', 'DOMAIN="a\\"b\\nc\\$d"', 'a"b\nc$d'],
    ['with a comment', 'DOMAIN=example.org # where it is', 'example.org'],
    ['with a hash inside', 'DOMAIN=a#b', 'a#b'],
    ['empty', 'DOMAIN=', ''],
    ['empty with a comment', 'DOMAIN= # to be set', ''],
    ['with an equals sign', 'DOMAIN=a=b', 'a=b'],
    ['by Windows', 'DOMAIN=example.org\r\nOTHER=1\r', 'example.org'],
  ])('reads a value that is %s', (_what, text, value) => {
    expect(readEnvSample(text).entries[0]).toMatchObject({ key: 'DOMAIN', value });
  });

  it('takes nothing from lines that are commented out, but what they say of a secret', () => {
    const { entries, offered } = readEnvSample(
      '# A comment = nothing\n#SECRET_SMTP_VERSION=v1 # length=20\nA=1\n',
    );
    expect(entries.map(({ key }) => key)).toEqual(['A']);
    expect(offered).toContainEqual({ key: 'SECRET_SMTP_VERSION', value: 'v1', modifiers: { length: '20' } });
  });

  it('puts in what stands above', () => {
    const text = 'COMPOSE_FILE="compose.yml"\nCOMPOSE_FILE="$COMPOSE_FILE:compose.${KIND}smtp.yml"\n';
    expect(readEnvSample(text).entries.at(-1)?.value).toBe('compose.yml:compose.smtp.yml');
  });

  it('reads what a comment says of a secret', () => {
    const [entry] = readEnvSample('SECRET_KEY_VERSION=v2 # length=64 charset=default,special').entries;
    expect(entry).toMatchObject({ value: 'v2', modifiers: { length: '64', charset: 'default,special' } });
  });
});

describe('abra.sh', () => {
  it('gives its exports, and nothing of it is run', () => {
    const text = [
      'export NGINX_CONF_VERSION=v3',
      'export A=\'x y\' B="z" # two',
      'export NOW=$(date > /tmp/ran)',
      'LOCAL=1',
      'backup() {',
      '  export INSIDE=1',
      '}',
    ].join('\n');
    expect(readAbraExports(text)).toEqual({
      values: { NGINX_CONF_VERSION: 'v3', A: 'x y', B: 'z' },
      computed: ['NOW'],
    });
  });

  it.each([
    ['A=v2 # replaces B=v1', { A: 'v2' }],
    ['A=v2; B=v1', { A: 'v2' }],
    ['A=v2 && B=v1', { A: 'v2' }],
    ['A=v2 > B=v1', { A: 'v2' }],
    ['A="1 # 2; B=v1" C=3', { A: '1 # 2; B=v1', C: '3' }],
    ["A='$HOME' B", { A: '$HOME' }],
    ['A=v2#1 B= C=3', { A: 'v2#1', B: '', C: '3' }],
    ['A=a"b c"\'d\'\\ e B="\\"\\$\\n"', { A: 'ab cd e', B: '"$\\n' }],
    ['B C=3', { C: '3' }],
    ['-n A=1', {}],
    ['# A=1', {}],
  ])('reads as a shell would: export %s', (words, values) => {
    expect(readAbraExports(`export ${words}`)).toEqual({ values, computed: [] });
  });

  it.each([
    ['A=$B C=3', { C: '3' }],
    ['A="it\'s $B" C=3', { C: '3' }],
    ['A=`echo B=1` C=3', {}],
    ['A="$(echo "b C=3")"', {}],
    ['A=$(echo B=1)', {}],
    ['A="of two lines', {}],
  ])('leaves out what only a shell could tell: export %s', (words, values) => {
    expect(readAbraExports(`export ${words}`)).toEqual({ values, computed: ['A'] });
  });
});

describe('compose files', () => {
  it.each([
    ['$NAME', 'set'],
    ['${NAME}', 'set'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${NOBODY-default}', 'default'],
    ['${NOBODY}', ''],
    ['$$NAME', '$NAME'],
    ['a${NAME:?needed}b', 'asetb'],
  ])('mean by %s: %s', (written, meant) => {
    const { networks } = readCompose(`networks: {a: {name: '${written}'}}`, { NAME: 'set', EMPTY: '' });
    expect(networks['a']?.['name']).toBe(meant);
  });

  it.each([
    ['networks: {a: {name: "${NOBODY:?a name is needed}"}}', 'a name is needed'],
    ['networks: {a: {name: "costs 5$"}}', 'a $ alone is written $$'],
    ['networks: [a]', 'networks'],
    ['networks: {a: &a {b: *a}}', 'nests deeper'],
    ['a: b: c', 'mapping'],
  ])('are refused with the reason: %s', (text, why) => {
    expect(() => readCompose(text, {})).toThrow(why);
  });

  it.each([
    ['true', true],
    ['{name: x}', true],
    ['false', false],
    ['no', false],
    ['"${APART}"', true],
    ['"${OWN}"', false],
  ])('tell what is external as the docker command does: %s', (written, isIt) => {
    const env = { APART: 'yes', OWN: 'False' };
    const { networks } = readCompose(`networks: {a: {external: ${written}}}`, env);
    expect(isExternal(networks['a'] ?? {})).toBe(isIt);
  });

  it('have no variable that every object has, and no tag that only others understand', () => {
    const { services } = readCompose("services: {app: {image: 'app:${constructor:-1}'}}", {});
    expect(services['app']?.image).toBe('app:1');
    const tagged = "services: {app: {image: 'app:1', env_file: !other file}}";
    expect(() => readCompose(tagged, {})).toThrow('Unresolved tag');
  });

  it('know volumes from paths, and those that have no name', () => {
    const text =
      'services: {app: {volumes: [data:/data, ./conf:/conf:ro, /tmp, {type: bind, source: /a, target: /b}, {source: more, target: /m}]}}';
    expect(readCompose(text, {}).services['app']?.mounts).toEqual([
      { kind: 'volume', name: 'data', target: '/data' },
      { kind: 'bind', source: './conf', target: '/conf' },
      { kind: 'anonymous', target: '/tmp' },
      { kind: 'bind', source: '/a', target: '/b' },
      { kind: 'volume', name: 'more', target: '/m' },
    ]);
  });

  it('add up: later ones win by name, and services gain', () => {
    const one = readCompose('services: {app: {networks: [proxy]}, db: {}}\nvolumes: {data: }', {});
    const other = readCompose(
      'services: {app: {networks: {internal: }}}\nvolumes: {data: {name: x}, more: }',
      {},
    );
    const joined = joinCompose([one, other]);
    expect(joined.services['app']?.networks).toEqual(['proxy', 'internal']);
    expect(Object.keys(joined.services)).toEqual(['app', 'db']);
    expect(joined.volumes).toEqual({ data: { name: 'x' }, more: {} });
  });
});

describe('the file of ours after them', () => {
  const text = `
services:
  app:
    networks: [proxy, back]
    deploy: {labels: ["traefik.enable=true", "traefik.http.services.a.loadbalancer.server.port=80"]}
  worker: {}
networks: {proxy: {external: true}, back: {name: shared, internal: true}}
volumes: {data: {name: shared}, more: {external: true}}
configs: {conf: {name: shared_v1, file: conf/a}, own: {name: warm-x-1_own_v1, file: b}}
secrets: {key: {external: true, name: warm-x-1_key_v1}}`;
  const compose = readCompose(text, {});
  const labels = { 'recipe-reconciler.mark': 'a$b' };
  const options = { compose, stack: 'warm-x-1', recipe: 'x', labels, nodeId: 'n1', folder: '/checkout' };
  const overlay = parse(overlayOf(options)) as Record<string, Record<string, Record<string, unknown>>>;

  it('gives the stack volumes and networks of its own, whatever they are called', () => {
    expect(sharedNetworks(compose)).toEqual(['proxy']);
    expect(overlay['volumes']).toEqual({
      data: { external: true, name: 'warm-x-1_data' },
      more: { external: true, name: 'warm-x-1_more' },
    });
    expect(overlay['networks']).toMatchObject({
      proxy: { external: true, name: 'warm-x-1_proxy' },
      back: { internal: true, attachable: true },
    });
    expect(overlay['networks']?.['back']?.['name']).toBeUndefined();
  });

  it('names configs after the stack, and finds their files from where the recipe lies', () => {
    expect(overlay['configs']).toMatchObject({
      conf: { name: 'warm-x-1_shared_v1', file: '/checkout/conf/a' },
      own: { name: 'warm-x-1_own_v1' },
    });
    expect(overlay['secrets']).toEqual({ key: { external: true, name: 'warm-x-1_key_v1' } });
  });

  it('pins, labels, and hides from the proxy what a relay stands in for', () => {
    expect(overlay['services']).toMatchObject({
      app: { deploy: { labels: { 'traefik.enable': 'false', 'coop-cloud.warm-x-1.recipe': 'x' } } },
      worker: { deploy: { placement: { constraints: ['node.id == n1'] } } },
    });
    expect(overlay['services']?.['worker']?.['deploy']).not.toHaveProperty(['labels', 'traefik.enable']);
  });

  it('says a dollar so that the docker command reads one', () => {
    expect(overlayOf(options)).toContain('"recipe-reconciler.mark": "a$$b"');
  });
});
