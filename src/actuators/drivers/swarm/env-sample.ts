/**
 * A recipe's `.env.sample`: the environment that it is deployed with by default. Values are quoted as in a shell; what
 * follows as a comment may say more of a secret (`SECRET_DB_PASSWORD_VERSION=v1 # length=32 charset=hex`). Lines that
 * are commented out set nothing, but what they say of a secret holds once a manifest sets it.
 */

export interface SampleEntry {
  key: string;
  value: string;
  modifiers: Readonly<Record<string, string>>;
}

export interface EnvSample {
  entries: readonly SampleEntry[];
  /** Of lines that are commented out. */
  offered: readonly SampleEntry[];
}

const LINE = /^\s*(#\s*)?(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/;
const QUOTED = /^\s*(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#(.*))?$/;
const MODIFIER = /(?:^|\s)([a-z]+)=(\S+)/g;

export function readEnvSample(text: string): EnvSample {
  const entries: SampleEntry[] = [];
  const offered: SampleEntry[] = [];
  const values: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, commented, key, rest] = LINE.exec(line) ?? [];
    if (key === undefined || rest === undefined) continue;
    const { value, comment } = readValue(rest, values);
    const modifiers = Object.fromEntries(
      [...comment.matchAll(MODIFIER)].map(([, name, word]) => [name, word]),
    );
    (commented === undefined ? entries : offered).push({ key, value, modifiers });
    if (commented === undefined) values[key] = value;
  }
  return { entries, offered };
}

function readValue(
  rest: string,
  values: Readonly<Record<string, string>>,
): { value: string; comment: string } {
  const quoted = QUOTED.exec(rest);
  if (quoted !== null) {
    const [, single, double = '', comment = ''] = quoted;
    return { value: single ?? unescape(expand(double, values)), comment };
  }
  const [, bare = '', comment = ''] = /^(.*?)(?:(?:^|\s)#(.*))?$/.exec(rest) ?? [];
  return { value: expand(bare.trim(), values), comment };
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (whole, next: string) => {
    if (next === 'n') return '\n';
    return '"\\$'.includes(next) ? next : whole;
  });
}

/** By what stands above it: `COMPOSE_FILE="$COMPOSE_FILE:compose.smtp.yml"`. */
function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /(?<!\\)\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g,
    (_whole, braced?: string, plain?: string) => {
      return values[braced ?? plain ?? ''] ?? '';
    },
  );
}
