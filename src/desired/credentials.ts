/** Which login belongs to which repository. */
import type { FleetConfig, Login, RemoteMirror } from '../reconciler/model.ts';

type Credentials = FleetConfig['credentials'];

/** The one with the longest address that the URL lies at or below; only http(s) ones have any. */
export function loginFor(url: string, credentials: Credentials): Login | null {
  const matching = credentials.filter((each) => covers(each.url, url));
  return matching.toSorted((a, b) => b.url.length - a.url.length)[0]?.login ?? null;
}

/** A forge's token also pushes to what it serves, where nothing else is said of that. */
export function loginOfMirror(
  { url, forge }: Omit<RemoteMirror, 'login'>,
  credentials: Credentials,
): Login | null {
  const named = loginFor(url, credentials);
  if (named !== null || forge === null) return named;
  const isSameHost = URL.canParse(url) && new URL(url).origin === new URL(forge.api).origin;
  return isSameHost ? { username: 'git', token: forge.token } : null;
}

function covers(address: string, url: string): boolean {
  if (!/^https?:/.test(url) || !URL.canParse(url)) return false;
  const [above, below] = [new URL(address), new URL(url)];
  if (above.origin !== below.origin) return false;
  const path = above.pathname.replace(/\/+$/, '');
  return below.pathname === path || below.pathname.startsWith(`${path}/`);
}
