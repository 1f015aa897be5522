/** Pull requests of Gitea and Forgejo, by the JSON that their API is documented to speak; of it only what is used is read. */
import { z } from 'zod';
import { askApi, type ApiAnswer, type ApiOptions, type ApiRequest } from './api.ts';
import type { ForgeClient, PullRequest } from './pull-request.ts';

const pullRequest = z.object({
  number: z.int().positive(),
  state: z.string(),
  base: z.object({ ref: z.string() }),
  head: z.object({ sha: z.string() }),
});
const comment = z.object({ id: z.int(), body: z.string() });

const PAGE = 50;
const MOST_PAGES = 100;

/** `repo`: `owner/name`. */
export function giteaClient(repo: string, options: ApiOptions): ForgeClient {
  const of = `${repo} at ${options.address}`;
  const below = `/repos/${repo.split('/').map(encodeURIComponent).join('/')}`;
  const one = (number: number): string => `pull request #${number} of ${of}`;
  return {
    openPullRequests: async () => {
      const listing = {
        what: `list the open pull requests of ${of}`,
        path: `${below}/pulls?state=open&sort=oldest`,
      };
      const found = await pages(listing, pullRequest, ({ number }) => number, options);
      return found.map(toPullRequest);
    },
    pullRequest: async (number) => {
      const request = {
        what: `read ${one(number)}`,
        method: 'GET',
        path: `${below}/pulls/${number}`,
      } as const;
      return toPullRequest(understood(request, pullRequest, await askApi(request, options)));
    },
    comments: async (number) => {
      const listing = {
        what: `read the comments of ${one(number)}`,
        path: `${below}/issues/${number}/comments`,
      };
      return (await pages(listing, comment, ({ id }) => id, options)).map(({ body }) => body);
    },
    comment: async (number, text) => {
      const path = `${below}/issues/${number}/comments`;
      await askApi(
        { what: `comment on ${one(number)}`, method: 'POST', path, body: { body: text } },
        options,
      );
    },
    close: async (number) => {
      const path = `${below}/pulls/${number}`;
      await askApi(
        { what: `close ${one(number)}`, method: 'PATCH', path, body: { state: 'closed' } },
        options,
      );
    },
  };
}

/**
 * Everything of a listing. How much comes at once is up to the forge, whatever limit it is asked for, and some listings
 * come as a whole whichever page is asked for: so it ends where the forge says so, or where nothing new comes.
 */
async function pages<T>(
  { what, path }: { what: string; path: string },
  schema: z.ZodType<T>,
  idOf: (entry: T) => number,
  options: ApiOptions,
): Promise<T[]> {
  const found = new Map<number, T>();
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const query = `${path.includes('?') ? '&' : '?'}page=${page}&limit=${PAGE}`;
    const request = { what, method: 'GET', path: `${path}${query}` } as const;
    const answer = await askApi(request, options);
    const fresh = understood(request, z.array(schema), answer).filter((entry) => !found.has(idOf(entry)));
    for (const entry of fresh) found.set(idOf(entry), entry);
    if (fresh.length === 0 || isLast(answer, found.size)) return [...found.values()];
  }
  throw new Error(`could not ${what}: it has more than ${MOST_PAGES} pages; close some by hand`);
}

function isLast({ headers }: ApiAnswer, count: number): boolean {
  const link = headers.get('link');
  if (link !== null) return !/\brel="?next\b/.test(link);
  const total = headers.get('x-total-count');
  return total !== null && /^\d+$/.test(total) && count >= Number(total);
}

function understood<T>({ what }: ApiRequest, schema: z.ZodType<T>, { json }: ApiAnswer): T {
  const { data, error } = schema.safeParse(json);
  if (error === undefined) return data;
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  const why = `its answer is not Gitea's${where === '' ? '' : `, at ${where}`}: ${issue?.message ?? 'it is something else'}`;
  throw new Error(`could not ${what}: ${why}; see whether spec.mirror.forge names a Gitea or Forgejo`);
}

function toPullRequest({ number, state, base, head }: z.infer<typeof pullRequest>): PullRequest {
  return { number, isOpen: state === 'open', base: base.ref, head: head.sha };
}
