/** Which host a location is at, as messages and logs name it; null for a repository in the file system. */
export function hostOf(url: string): string | null {
  if (/^(https?|ssh):/.test(url) && URL.canParse(url)) {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  }
  const [, host] = /^[^/@:]+@(\[[^\]]+\]|[^/:]+):/.exec(url) ?? [];
  return host === undefined ? null : `ssh://${host}`;
}
