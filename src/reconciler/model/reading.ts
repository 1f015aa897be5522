/** What came of trying to read something. */

/**
 * What came of trying to read something. A failure to read is never taken for absence (invariant I7), so absence
 * is a value (`null`, an empty list) and unreadable is its own case, with the words to show.
 */
export type Reading<T> = { readable: true; value: T } | { readable: false; why: string };
