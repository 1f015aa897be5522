/**
 * The words of the program as types. Plain data only: everything can be printed, stored and compared.
 *
 * Durations are milliseconds, sizes bytes, times ISO 8601 UTC text, unless a name says otherwise.
 */
export type * from './model/reading.ts';
export type * from './model/causes.ts';
export type * from './model/desired.ts';
export type * from './model/observed.ts';
export type * from './model/mirrors.ts';
export type * from './model/trials.ts';
export type * from './model/decisions.ts';
export type * from './model/audit.ts';
export type * from './model/requests.ts';
export type * from './model/rows.ts';
export type * from './model/settled.ts';
