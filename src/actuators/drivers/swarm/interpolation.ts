/**
 * Variables in a compose file, by the rules of `docker stack deploy`, which knows only the environment: what it will
 * read must be known here before it does, and what is written here for it must say a `$` as `$$`.
 */

type Environment = Readonly<Record<string, string>>;

const TEMPLATE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\}|())/g;

/** A text that no rule fits: its message says what. */
class BadTemplate extends Error {
  override readonly name = 'BadTemplate';
}

function interpolate(text: string, env: Environment): string {
  return text.replaceAll(
    TEMPLATE,
    (_whole, dollar?: string, plain?: string, braced?: string, rule?: string, word = '') => {
      if (dollar !== undefined) return '$';
      const name = plain ?? braced;
      if (name === undefined)
        throw new BadTemplate(`${JSON.stringify(text)} is no template: a $ alone is written $$`);
      return valueOf(name, env, rule, word);
    },
  );
}

/** `:-` and `:?` also count an empty value as none. */
function valueOf(name: string, env: Environment, rule: string | undefined, word: string): string {
  // What every object inherits is no variable.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  const isSet = value !== undefined && (value !== '' || rule?.startsWith(':') !== true);
  if (isSet) return value;
  if (rule?.endsWith('?') === true) throw new BadTemplate(`$${name} is required: ${word}`);
  return rule?.endsWith('-') === true ? word : '';
}

/** Every text in it but keys, which are no templates. */
export function interpolateAll(value: unknown, env: Environment): unknown {
  return mapTexts(value, (text) => interpolate(text, env));
}

/** So that the docker command reads back what is meant. */
export function escapeAll(value: unknown): unknown {
  return mapTexts(value, (text) => text.replaceAll('$', '$$$$'));
}

/** An alias may stand for what it stands in. */
const DEEPEST = 100;

function mapTexts(value: unknown, change: (text: string) => string, depth = 0): unknown {
  if (depth > DEEPEST) throw new BadTemplate(`it nests deeper than ${DEEPEST} levels`);
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each: unknown) => mapTexts(each, change, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mapTexts(each, change, depth + 1)]),
  );
}
