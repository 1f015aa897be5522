/** A place in a file; both count from 1. */
export interface Position {
  line: number;
  column: number;
}

export type Path = readonly PropertyKey[];

/** A value read from YAML with the place of everything in it. Entries of a list are keyed by their index. */
export interface Located {
  value: unknown;
  at: Position;
  children: ReadonlyMap<string, { key: Position; node: Located }>;
}

/** Where a path's key or value stands. What is missing stands where the mapping that lacks it does. */
export function placeOf(root: Located, path: Path, part: 'key' | 'value'): Position {
  let node = root;
  let keyAt = root.at;
  for (const step of path) {
    const child = node.children.get(String(step));
    if (child === undefined) return keyAt;
    keyAt = child.key;
    node = child.node;
  }
  return part === 'key' ? keyAt : node.at;
}
