/** Manifests that somebody may hand in by mistake or on purpose. Each holds `SECRET` only where secrets are hidden. */
export const SECRET = 'c4n4ry-hush-hush';

const head = (name: string): string => `apiVersion: reconcile/v1\nkind: Recipe\nmetadata: {name: ${name}}\n`;
const spec = 'spec:\n  upstream: https://git.example.org/app.git\n';

/** Every key of a recipe, so that a mutation may hit any. */
export const WHOLE_RECIPE = `apiVersion: reconcile/v1
kind: Recipe
metadata:
  name: whole
spec:
  upstream: https://git.example.org/app.git
  enrolled: true
  reason: "it is kept"
  suspend: {reason: moving, by: somebody, until: 2026-07-01}
  branch: main
  release: {ignore: ["2.*+*"], prerelease: false, minAge: 2d}
  mirror:
    url: git@git.example.org:team/app.git
    forge: {type: gitea, api: "https://git.example.org/api/v1", repo: team/app, tokenEnv: TOKEN}
  dependsOn:
    - {name: other, provide: [sh, ./provide.sh]}
  app:
    env: {MODE: warm, TOKEN: ${SECRET}}
    process: {command: [node, app.mjs], volumes: [data], secrets: [password]}
  health: {path: /health, status: [200, 204], contains: ok, timeout: 10m, stableFor: 2s}
  checks:
    - {name: answers, phase: installed, command: [./check.sh, "${SECRET}"], timeout: 5m}
  timeout: 60m
  retain: 2
  retry: {red: {base: 6h, max: 6d}, infra: {base: 30s, max: 1h}}
`;

export const WHOLE_RECONCILER = `apiVersion: reconcile/v1
kind: Reconciler
spec:
  driver: process
  domain: localhost
  domainTemplate: "warm-{recipe}.{domain}"
  interval: 10m
  window: {schedule: "0 3 * * 0", timezone: UTC, duration: 12h}
  concurrency: {observe: 16, trials: 1}
  diskBudget: 200GiB
`;

const aliasBomb = (levels: number): string => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level <= levels; level++) {
    const aliases = Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ');
    lines.push(`a${level}: &a${level} [${aliases}]`);
  }
  return `${head('bomb')}${lines.join('\n')}\n`;
};

export const MANIFESTS: Readonly<Record<string, string | Uint8Array>> = {
  nothing: '',
  'one NUL': '\0',
  'only a byte order mark': '\ufeff',
  'a recipe behind a byte order mark': `\ufeff${head('marked')}${spec}`,
  'a recipe with carriage returns': `${head('returns')}${spec}`.replaceAll('\n', '\r\n'),
  'a recipe in which only carriage returns end lines': `${head('old')}${spec}`.replaceAll('\n', '\r'),
  'bytes that are no UTF-8': Uint8Array.from([...Buffer.from(head('bytes')), 0xff, 0xfe, 0xc0, 0x80]),
  'an overlong NUL': Uint8Array.from([0x61, 0x3a, 0x20, 0xc0, 0x80]),
  'half a character at the end': Uint8Array.from([...Buffer.from(`${head('half')}${spec}`), 0xe2, 0x82]),
  'an alias bomb': aliasBomb(9),
  'an alias of itself': 'a: &a [*a]\n',
  'an alias of what comes later': 'a: *b\nb: &b 1\n',
  'lists without end': '['.repeat(100_000),
  'mappings without end': '{a: '.repeat(100_000),
  'block lists without end': '- '.repeat(100_000),
  'a key for each line': Array.from({ length: 60_000 }, (_, index) => `k${index}: v`).join('\n'),
  'a document for each line': '---\na\n'.repeat(20_000),
  'a line as long as a file may be': `${head('long')}${spec}  reason: ${'x'.repeat(1_000_000)}\n`,
  'more than a file may hold': `# ${'x'.repeat(1024 * 1024)}\n`,
  'a key that stands twice': `${head('twice')}${spec}  upstream: https://git.example.org/other.git\n`,
  'a merge key': `x: &x {upstream: /tmp/x}\n${head('merged')}spec: {<<: *x}\n`,
  'keys of the prototype': `${head('proto')}${spec}  __proto__: {enrolled: false}\n  constructor: {prototype: {polluted: 1}}\n`,
  'the prototype as an environment': `${head('proto')}${spec}  app: {env: {__proto__: {polluted: "1"}, constructor: x}}\n`,
  'the prototype as a document': '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n',
  'tags of other languages': `${head('tags')}spec:\n  upstream: !!js/function "function () { globalThis.polluted = 1 }"\n  reason: !!python/object/apply:os.system ["id"]\n`,
  'a tag that is declared': '%TAG ! tag:example.org,2000:\n---\n!evil {a: !!binary aGk=}\n',
  'a directive of YAML 1.1': `%YAML 1.1\n---\n${head('old')}spec: {upstream: /x, enrolled: no}\n`,
  'reordered text for people': `${head('bidi')}${spec}  enrolled: false\n  reason: "\u202egnihton\u2066"\n`,
  'control characters for people': `${head('bell')}${spec}  enrolled: false\n  reason: "\\a\\e[2J"\n`,
  'a secret in a URL': `${head('url')}spec:\n  upstream: https://user:${SECRET}@git.example.org/app.git\n`,
  'a secret in a URL without a scheme': `${head('url')}spec:\n  upstream: user:${SECRET}@git.example.org/app.git\n`,
  'a secret in a URL with an @': `${head('url')}spec:\n  upstream: https://user:p@${SECRET}@git.example.org/app.git\n`,
  'a secret in the URL of a forge': `${head('url')}${spec}  mirror: {url: /x, forge: {type: gitea, api: "https://u:${SECRET}@x", repo: a/b, tokenEnv: T}}\n`,
  'a secret in the place of an environment': `${head('env')}${spec}  app: {env: ${SECRET}}\n`,
  'a secret in a list in the place of a value': `${head('env')}${spec}  app: {env: {TOKEN: [${SECRET}]}}\n`,
  'a secret in a command that is text': `${head('env')}${spec}  app: {process: {command: run ${SECRET}}}\n`,
  'a secret as the name of an environment variable': `${head('env')}${spec}  mirror: {url: /x, forge: {type: gitea, api: "https://x", repo: a/b, tokenEnv: "${SECRET}!"}}\n`,
  'a secret behind a wrong quote': `${head('env')}${spec}  app: {env: {TOKEN: "${SECRET}}}\n`,
  'the whole of a recipe': WHOLE_RECIPE,
  'the whole of a Reconciler': WHOLE_RECONCILER,
  'numbers that would lose their text': `${head('lossy')}${spec}  app: {env: {VERSION: 1.10, ZIP: 007, BIG: 123456789012345678901}}\n`,
  'a check whose argument is a device': `${head('device')}${spec}  checks: [{name: zero, phase: installed, command: [/dev/zero, ../../../../dev/zero]}]\n`,
};
