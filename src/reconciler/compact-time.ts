/** Times as records and trials' names have them: `20260617T065532Z`, as the script wrote them that this program replaces. */
export function compactTime(at: Date): string {
  return at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
}

/** Null where it is no such time: a record may have been written by anybody. */
export function fromCompactTime(text: string): string | null {
  const [, year, month, day, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const at = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
