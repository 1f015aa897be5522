/** What monitors and supervisors ask. */
import { text, type Answer } from './answer.ts';
import type { Operator } from './operator.ts';

/** That it answers is the answer. */
export function alive(): Answer {
  return text('alive\n');
}

export function ready(operator: Operator): Answer {
  const { ready: isReady, why } = operator.readiness();
  return text(`${isReady ? 'ready' : 'not ready'}: ${why}\n`, isReady ? 200 : 503);
}

export async function metrics(operator: Operator): Promise<Answer> {
  const { contentType, text: exposition } = await operator.metrics();
  return text(exposition, 200, contentType);
}
