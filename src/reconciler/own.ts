/** Looks up a key that came from outside, a tag or an id: what every object inherits, `constructor`, is no entry. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
