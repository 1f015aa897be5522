/**
 * What a recipe's `abra.sh` exports: the versions of its configs. The file is shell, but none of it is run: only whole
 * lines such as `export NGINX_CONF_VERSION=v3` are read, and what a shell would have to compute is left out and said.
 */

export interface AbraExports {
  values: Readonly<Record<string, string>>;
  /** Names whose values only a shell could tell. */
  computed: readonly string[];
}

const EXPORT = /^export\s+(.+)$/;
const ASSIGNMENT = /([A-Za-z_][A-Za-z0-9_]*)=('[^']*'|"[^"]*"|[^\s;#'"]*)/g;

export function readAbraExports(text: string): AbraExports {
  const values: Record<string, string> = {};
  const computed: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, assignments = ''] = EXPORT.exec(line) ?? [];
    for (const [, name = '', written = ''] of assignments.matchAll(ASSIGNMENT)) {
      const value = written.replace(/^(['"])(.*)\1$/, '$2');
      if (!written.startsWith("'") && /[$`]/.test(value)) computed.push(name);
      else values[name] = value;
    }
  }
  return { values, computed };
}
