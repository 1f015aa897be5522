/**
 * What the core needs from the world, and nothing of how it is had. Each port is implemented by one adapter and
 * given in at the composition root.
 */
export type * from './ports/driver.ts';
export type * from './ports/settled.ts';
export type * from './ports/trial.ts';
export type * from './ports/world.ts';
