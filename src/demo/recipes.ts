/** The demonstration's cast: what each recipe is there to show. Their sources lie in `demo/recipes`. */
interface DemoRecipe {
  name: string;
  /** What to expect of it, in one sentence. */
  expect: string;
  /** Releases that are not there from the start, but are tagged later, one after the other. */
  later: readonly string[];
}

export const DEMO_RECIPES: readonly DemoRecipe[] = [
  {
    name: 'guestbook',
    expect:
      'is seeded at 1.0.0+1.0; advances as 1.1.0+1.1 and then 2.0.0+2.0 are tagged, each time with its data intact',
    later: ['1.1.0+1.1', '2.0.0+2.0'],
  },
  {
    name: 'ledger',
    expect:
      'is seeded at 1.0.0+3.4; its next release 1.1.0+3.5 installs well but loses the books at an upgrade, so the canonical stays',
    later: ['1.1.0+3.5'],
  },
  {
    name: 'notifier',
    expect: "is seeded beside a clone of the guestbook's canonical, at which it is registered",
    later: [],
  },
  {
    name: 'retired',
    expect: 'is not enrolled, and says why',
    later: [],
  },
  {
    name: 'sleepy',
    expect: 'never becomes healthy: it ends in a timeout and is held, without a canonical',
    later: [],
  },
  {
    name: 'unborn',
    expect: 'has tags, but none that names a release',
    later: [],
  },
];
