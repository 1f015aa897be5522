/** What programs are told: the same JSON as the command line prints. */
import { json, problem, type Answer, type Question } from './answer.ts';
import type { Operator } from './operator.ts';
import { knowsToken } from './secrets.ts';

export function recipes(operator: Operator): Answer {
  return json(operator.status());
}

export async function recipe(operator: Operator, { params }: Question): Promise<Answer> {
  const name = params['name'] ?? '';
  const explained = await operator.explain(name);
  if (explained === null) return problem(404, noRecipe(name));
  return json({ apiVersion: 'reconcile/v1', kind: 'Explanation', ...explained });
}

export async function trial(operator: Operator, { params }: Question): Promise<Answer> {
  const id = params['id'] ?? '';
  const found = await operator.trial(id);
  if (found === null) return problem(404, `no trial ${id} is stored`);
  return json({ apiVersion: 'reconcile/v1', kind: 'Trial', ...found });
}

/** Only puts the name on the queue. */
export function reconcile(operator: Operator, token: string | null, question: Question): Answer {
  if (token === null) return problem(403, 'this server only shows: $RECONCILE_TOKEN is not set');
  if (!knowsToken(question.headers, token)) {
    const error = question.headers.authorization === undefined ? '' : ', error="invalid_token"';
    const challenge = { 'WWW-Authenticate': `Bearer realm="reconcile"${error}` };
    return problem(401, 'expected "Authorization: Bearer" with the value of $RECONCILE_TOKEN', challenge);
  }
  const name = question.params['name'] ?? '';
  if (!operator.want(name, 'person')) return problem(404, noRecipe(name));
  return json({ apiVersion: 'reconcile/v1', kind: 'Wanted', recipes: [name] }, 202);
}

function noRecipe(name: string): string {
  return `no recipe is called "${name}"`;
}
