/**
 * Work that ends at a deadline, or when one of the signals does. Not `AbortSignal.timeout` within `AbortSignal.any`:
 * nothing holds on to such a timeout, and once it is collected as garbage it never comes.
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error(`no answer within ${Math.round(ms)} ms`)), ms);
  try {
    return await work(AbortSignal.any([over.signal, signal]));
  } finally {
    clearTimeout(timer);
  }
}
