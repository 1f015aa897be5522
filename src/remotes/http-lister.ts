/**
 * Lists refs over http(s) without starting a process: by protocol version 2, where a host once known to speak it is
 * asked with one request for each repository; by the advertisement of version 0 otherwise.
 *
 * Whatever it cannot do comes back as `needs-git`: redirects, plain file servers, other kinds of objects, proxies,
 * certificates that only git or the system trusts. What says something about the host as a whole is a `HostFailure`.
 */
import { describe, TrialFault } from '../reconciler/errors.ts';
import { authorizationOf, withoutSecrets, type Authorization } from '../tokens.ts';
import { AnswerTooLong, NoAnswer, type Answer, type Exchange, type Exchanger } from './exchange.ts';
import { HostFailure, type HostFailureKind } from './hosts.ts';
import type { Asking } from '../reconciler/ports.ts';
import type { RefQuery } from './lister.ts';
import { lsRefsRequest, readAdvertisement, readLsRefs, type Advertisement } from './ls-refs.ts';
import { UnreadableAnswer } from './packets.ts';
import { isProxySet } from './proxies.ts';
import { answerOf, type RefListing } from './ref-listing.ts';
import { isTrustKnownToGitOnly } from './trust.ts';

/** Far more than twenty thousand tags take. */
const LONGEST_ANSWER = 16 * 1024 * 1024;

const ADVERTISEMENT = 'application/x-git-upload-pack-advertisement';
const RESULT = 'application/x-git-upload-pack-result';

/** A server in front of the one that was asked, or one that has had enough. */
const STATUSES_OF_THE_HOST = [429, 502, 503, 504];

/** What the system says of a connection that did not come about. */
const UNREACHABLE =
  'ECONNREFUSED ENOTFOUND EAI_AGAIN EAI_FAIL ETIMEDOUT EHOSTUNREACH EHOSTDOWN ENETUNREACH'.split(' ');

/** Of one that came about, and was ended from the other side. */
const BROKEN_OFF = 'ECONNRESET ECONNABORTED EPIPE'.split(' ');

export interface HttpListing {
  /** Throws `HostFailure`, `TrialFault`, or the signal's reason. */
  list(query: RefQuery, asking: Pick<Asking, 'signal' | 'known'>): Promise<RefListing | 'needs-git'>;
}

interface Asked extends RefQuery {
  known: string | undefined;
  authorization: Authorization | null;
  ask: (exchange: Pick<Exchange, 'method' | 'body'> & { path: string }) => Promise<Answer>;
}

export function httpListing({
  exchange,
  timeoutMs,
}: {
  exchange: Exchanger;
  timeoutMs: number;
}): HttpListing {
  /** What hosts were found to speak, by origin. */
  const versions = new Map<string, 0 | 2>();
  const [hasProxy, isTrustUnknown] = [isProxySet(), isTrustKnownToGitOnly()];
  const learn = (origin: string, { version }: Advertisement): void => {
    if (version !== null) versions.set(origin, version);
  };

  const list = async (asked: Asked, origin: string): Promise<RefListing | 'needs-git'> => {
    if (versions.get(origin) === 2) {
      // One repository of a host may be served unlike the others: what is no answer is one to "what do you speak?".
      const listing = await byLsRefs(asked).catch(otherIfUnreadable);
      if (listing !== 'other') return listing;
    }
    const advertisement = await discover(asked);
    if (advertisement === 'needs-git') return advertisement;
    learn(origin, advertisement);
    if (advertisement.version === 0) return advertisement.listing;
    if (advertisement.version === null || advertisement.objectFormat !== 'sha1') return 'needs-git';
    const listing = await byLsRefs(asked);
    return listing === 'other' ? 'needs-git' : listing;
  };

  return {
    list: async (query, { signal, known }) => {
      if (hasProxy || (isTrustUnknown && query.url.startsWith('https:'))) return 'needs-git';
      const authorization = query.login === null ? null : await authorizationOf(query.login);
      const ask: Asked['ask'] = async ({ path, method, body }) => {
        const url = new URL(`${query.url.replace(/\/+$/, '')}${path}`);
        const headers = headersFor(body, authorization);
        return await exchange({ method, url, headers, body }, { timeoutMs, longest: LONGEST_ANSWER, signal });
      };
      try {
        return await list({ ...query, authorization, ask, known }, new URL(query.url).origin);
      } catch (error) {
        signal.throwIfAborted();
        if (isForGit(error)) return 'needs-git';
        throw wordedFor(query, error, authorization?.secrets ?? []);
      }
    },
  };
}

function headersFor(
  body: string | undefined,
  authorization: Authorization | null,
): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'user-agent': 'git/recipe-reconciler',
    'git-protocol': 'version=2',
    accept: body === undefined ? '*/*' : RESULT,
  };
  if (authorization !== null) headers['authorization'] = authorization.header;
  if (body === undefined) return headers;
  headers['content-type'] = 'application/x-git-upload-pack-request';
  headers['content-length'] = Buffer.byteLength(body);
  return headers;
}

/** `other`: what came back is no such answer, so what the server speaks must be found out. */
async function byLsRefs({ ask, branch, known }: Asked): Promise<RefListing | 'other'> {
  const answer = await ask({ method: 'POST', path: '/git-upload-pack', body: lsRefsRequest(branch) });
  assertHostServes(answer);
  if (answer.status !== 200 || answer.type !== RESULT) return 'other';
  const { body } = answer;
  const digest = answerOf(body, 'latin1');
  return digest === known ? readLater(body, branch, digest) : { ...readLsRefs(body, branch), answer: digest };
}

/** What came was read before and found whole. */
function readLater(body: string, branch: string | null, answer: string): RefListing {
  let read: RefListing | null = null;
  const listing = (): RefListing => (read ??= readLsRefs(body, branch));
  return {
    answer,
    isKnown: true,
    get objects() {
      return listing().objects;
    },
    get peeled() {
      return listing().peeled;
    },
    get head() {
      return listing().head;
    },
  };
}

function otherIfUnreadable(error: unknown): 'other' {
  if (error instanceof UnreadableAnswer) return 'other';
  throw error;
}

async function discover({ ask, branch, login }: Asked): Promise<Advertisement | 'needs-git'> {
  const answer = await ask({ method: 'GET', path: '/info/refs?service=git-upload-pack' });
  assertHostServes(answer);
  const { status, type } = answer;
  if (status === 401 || status === 403) throw notAllowed(status, login !== null);
  if (status === 404 || status === 410) throw new Error(`there is no repository (HTTP status ${status})`);
  if (status >= 300 && status < 400) {
    if (login === null) return 'needs-git';
    const where = answer.location === null ? 'elsewhere' : `to ${answer.location.replace(/\?.*$/, '')}`;
    throw new Error(`it redirects ${where}, where no token is sent to: name that address instead`);
  }
  if (status !== 200) throw new Error(`it answers with HTTP status ${status}`);
  if (type !== ADVERTISEMENT) return 'needs-git';
  const read = readAdvertisement(answer.body, branch);
  return read.version === 0
    ? { ...read, listing: { ...read.listing, answer: answerOf(answer.body, 'latin1') } }
    : read;
}

function assertHostServes({ status }: Answer): void {
  if (!STATUSES_OF_THE_HOST.includes(status)) return;
  throw new HostFailure(`it answers with HTTP status ${status}`, 'answered-badly');
}

function notAllowed(status: number, isLoggedIn: boolean): TrialFault {
  const why = isLoggedIn ? 'it refuses the token that it was sent' : 'it wants to know who asks';
  const hint = 'see spec.credentials of the Reconciler document; for ssh, write git@host:path';
  return new TrialFault('infra', 'not-allowed', `${why} (HTTP status ${status})`, { hint });
}

/** A certificate, a name, a form of answer that Node makes nothing of: git has its own ideas of these. */
function isForGit(error: unknown): boolean {
  return codeOf(error) !== null && hostFailureOf(error) === null;
}

function wordedFor({ url }: RefQuery, error: unknown, secrets: readonly string[]): Error {
  const why = withoutSecrets(describe(error) || (codeOf(error) ?? 'no reason given'), secrets);
  const kind = hostFailureOf(error);
  if (kind !== null) return new HostFailure(why, kind);
  const message = `could not list the refs of ${url}: ${why}`;
  if (!(error instanceof TrialFault)) return new TrialFault('infra', reasonOf(error), message);
  return new TrialFault('infra', error.reason, message, error.hint === null ? {} : { hint: error.hint });
}

/** Null where it says nothing about the host. */
function hostFailureOf(error: unknown): HostFailureKind | null {
  if (error instanceof HostFailure) return error.kind;
  if (error instanceof NoAnswer || UNREACHABLE.includes(codeOf(error) ?? '')) return 'unreachable';
  return BROKEN_OFF.includes(codeOf(error) ?? '') ? 'answered-badly' : null;
}

function reasonOf(error: unknown): string {
  return error instanceof AnswerTooLong ? 'listing-too-long' : 'listing-refused';
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
