/**
 * Webhooks of Gitea and its kin. Whatever they report, they do one thing: put the names of the recipes that live at that
 * repository on the queue. So thousands of them make one look, and a lost one only delays it.
 */
import { z } from 'zod';
import type { WebhookResult } from '../metrics/label-values.ts';
import { json, problem, type Answer, type Question } from './answer.ts';
import { BrokenOff } from './body.ts';
import type { Operator } from './operator.ts';
import { isSigned, signaturesIn } from './secrets.ts';

/** All that is read of what a forge reports: of pushes, new tags and releases alike it names the repository. */
const Payload = z.object({
  repository: z
    .object({ clone_url: z.string(), ssh_url: z.string(), html_url: z.string() })
    .partial()
    .nullish(),
});

/** Each is counted, whatever came of it. `secret` null: webhooks are not configured. */
export function giteaHook(
  operator: Operator,
  secret: string | null,
): (question: Question) => Promise<Answer> {
  return async (question) => {
    try {
      const { result, answer } = await received(operator, secret, question);
      operator.countWebhook(result);
      return answer;
    } catch (error) {
      operator.countWebhook(error instanceof BrokenOff ? 'broken-off' : 'failed');
      throw error;
    }
  };
}

interface Received {
  result: WebhookResult;
  answer: Answer;
}

async function received(operator: Operator, secret: string | null, question: Question): Promise<Received> {
  if (secret === null)
    return refused('not-configured', 403, 'webhooks are not taken: $RECONCILE_HOOK_SECRET is not set');
  const signatures = signaturesIn(question.headers);
  // Before the body is read: whoever signs nothing can make us take nothing.
  if (signatures.length === 0) return refused('bad-signature', 401, NOT_SIGNED);
  const body = await question.body();
  if (body === null) return refused('too-large', 413, 'the webhook is longer than 256 KiB');
  if (!isSigned(body, signatures, secret)) return refused('bad-signature', 401, NOT_SIGNED);
  const urls = addressesIn(body);
  if (urls === null)
    return refused('unreadable', 400, 'the webhook is signed, but is not the JSON that Gitea sends');
  const recipes = operator.recipesAt(urls).filter((recipe) => operator.want(recipe, 'webhook'));
  if (recipes.length === 0)
    return refused('unknown-recipe', 404, 'no recipe has its upstream or mirror at that repository');
  const answer = json({ apiVersion: 'reconcile/v1', kind: 'Wanted', recipes }, 202);
  return { result: 'accepted', answer };
}

const NOT_SIGNED =
  'expected an HMAC-SHA256 of the body with $RECONCILE_HOOK_SECRET in X-Gitea-Signature or X-Hub-Signature-256; ' +
  'set the same secret there and here, and the content type to application/json';

function refused(result: WebhookResult, status: number, error: string): Received {
  return { result, answer: problem(status, error) };
}

/** Null where it is nothing that a forge sends. */
function addressesIn(body: Buffer): string[] | null {
  const payload = Payload.safeParse(parsed(body));
  if (!payload.success) return null;
  const { clone_url, ssh_url, html_url } = payload.data.repository ?? {};
  return [clone_url, ssh_url, html_url].filter((url) => url !== undefined);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
