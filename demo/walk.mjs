// Walks through the demonstration with the real program, step by step: "npm run demo", or "node demo/walk.mjs [DIR]".
// Everything that it announces it also verifies; the exit code is 1 if anything turns out differently.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  advancing,
  differencesSoFar,
  expect,
  expectDecisions,
  heldAfterFailure,
  inSync,
  promotedTo,
  QUIET,
  step,
} from './announce.mjs';
import { changes, listing } from './listing.mjs';
import { bold, dim, green, indented, red } from './print.mjs';
import { PROGRAM, reconcile, report } from './program.mjs';

const [argument] = process.argv.slice(2);
const folder = argument
  ? resolve(process.env.INIT_CWD ?? process.cwd(), argument)
  : await mkdtemp(join(tmpdir(), 'reconcile-demo-'));

const state = (...path) => join(folder, '.reconcile', ...path);
const readText = (...path) => readFileSync(state(...path), 'utf8');
const record = (recipe) => JSON.parse(readText(recipe, 'canonical.json'));

function makeFolder() {
  step(
    'A fleet to try it on',
    `Six small apps with real git repositories as their upstreams, and a manifest for each. All of it lies in one
    folder; look around in it. "reconcile" stands for: node ${PROGRAM}`,
  );
  reconcile(process.cwd(), ['demo', folder], 0);
  console.log(`\n${bold(`$ cd ${folder}`)}`);
}

function firstPass() {
  step(
    'The first pass',
    `Nothing has a canonical yet. Each release is checked out at its tag's commit, installed, checked, put to rest,
    proven to start again from its own data, and only then recorded. The notifier's trial runs beside a clone of the
    guestbook's new canonical. sleepy never opens its port and ends at its deadline of 2 seconds.`,
  );
  reconcile(folder, ['--once'], 2);
  expectDecisions(report(folder, ['status']), {
    guestbook: [promotedTo('1.0.0+1.0'), 'was seeded at 1.0.0+1.0'],
    ledger: [promotedTo('1.0.0+3.4'), 'was seeded at 1.0.0+3.4'],
    notifier: [promotedTo('1.0.0+0.9'), 'was seeded beside the guestbook'],
    retired: QUIET.retired,
    sleepy: [
      { ...heldAfterFailure('seed', null), verdict: 'timeout', promoted: false, step: 'install' },
      'timed out: no canonical, and held until something changes',
    ],
    unborn: QUIET.unborn,
  });
}

function status() {
  step(
    'What the pass left behind',
    'The stored result, without asking any upstream again. Its exit code is that of the pass: 2, since sleepy was tried and is still not in sync.',
  );
  reconcile(folder, ['status'], 2);
}

function secondPass() {
  step(
    'The second pass: nothing to do, so nothing is done',
    `Not even the failed sleepy is tried again: none of its inputs has changed. Every file of the state folder is
    compared with before by its contents; only the file that holds the pass's own result may differ.`,
  );
  const before = listing(state());
  reconcile(folder, ['--once'], 3);
  const changed = changes(before, listing(state()));
  expect(
    'nothing of any recipe changed',
    changed.filter((path) => !path.startsWith('.reconcile/')),
    [],
  );
  expect(
    `at most one file was written${changed.length > 0 ? ` (${changed.join(', ')})` : ''}`,
    changed.length <= 1,
    true,
  );
  expectDecisions(report(folder, ['status']), {
    guestbook: [inSync('1.0.0+1.0'), 'is in sync'],
    ledger: [inSync('1.0.0+3.4'), 'is in sync'],
    notifier: [inSync('1.0.0+0.9'), 'is in sync'],
    retired: QUIET.retired,
    sleepy: [heldAfterFailure('seed', null), 'is held'],
    unborn: QUIET.unborn,
  });
}

async function newReleases() {
  step(
    'Two upstreams publish a release',
    'Each moves its data to a new layout. The ledger has a mistake in its importer: it will start, be healthy, and have lost the books.',
  );
  await publish('guestbook');
  await publish('ledger');
}

async function publish(recipe) {
  const { tagNext } = await import('../dist/demo/make.js');
  console.log(`  ${recipe}: the author tags ${await tagNext(folder, recipe)}`);
}

function plan() {
  step('The plan', 'What a pass would do now, and why. Planning writes nothing.');
  const before = listing(state());
  reconcile(folder, ['plan'], 2);
  expectDecisions(report(folder, ['plan']), {
    guestbook: [advancing('1.0.0+1.0'), 'would advance'],
    ledger: [advancing('1.0.0+3.4'), 'would advance'],
    notifier: [inSync('1.0.0+0.9'), 'is in sync: the release of a dependency is not its own'],
    retired: QUIET.retired,
    sleepy: [heldAfterFailure('seed', null), 'is held'],
    unborn: QUIET.unborn,
  });
  expect('planning wrote nothing', changes(before, listing(state())), []);
}

function thirdPass() {
  step(
    'The third pass: one advances, one stays',
    `Both releases install well on empty volumes. Then each is put over a clone of its canonical's data. The guestbook's
    entries are all there. The ledger's are not, and its check says so: the release is red, and the canonical, which
    was only ever read, stays as it was.`,
  );
  const written = signatures(record('guestbook').generation);
  const books = readText('ledger', 'canonical.json');
  const volumes = listing(state('ledger', 'generations'));
  reconcile(folder, ['--once'], 2);
  expectDecisions(report(folder, ['status']), {
    guestbook: [promotedTo('1.1.0+1.1'), 'advanced to 1.1.0+1.1'],
    ledger: [
      { ...heldAfterFailure('advance', '1.0.0+3.4'), verdict: 'red', promoted: false, step: 'upgrade' },
      'is red at the upgrade; its canonical is still 1.0.0+3.4',
    ],
    notifier: [inSync('1.0.0+0.9'), 'is in sync'],
    retired: QUIET.retired,
    sleepy: [heldAfterFailure('seed', null), 'is held'],
    unborn: QUIET.unborn,
  });
  showData(written);
  showLedger(books, volumes);
}

async function fourthPass() {
  step(
    'The fourth pass: the third release',
    'The guestbook changes its layout once more. The red ledger is not tried again.',
  );
  await publish('guestbook');
  console.log();
  const written = signatures(record('guestbook').generation);
  reconcile(folder, ['--once'], 3);
  expectDecisions(report(folder, ['status']), {
    guestbook: [promotedTo('2.0.0+2.0'), 'advanced to 2.0.0+2.0'],
    ledger: [heldAfterFailure('advance', '1.0.0+3.4'), 'is held'],
    notifier: [inSync('1.0.0+0.9'), 'is in sync'],
    retired: QUIET.retired,
    sleepy: [heldAfterFailure('seed', null), 'is held'],
    unborn: QUIET.unborn,
  });
  showData(written);
}

/** The guestbook's entries as they lie in a generation's volume, in the layout of whichever release wrote them. */
function signatures(generation) {
  const volume = state('guestbook', 'generations', String(generation), 'volumes', 'data');
  const readJson = (file) => JSON.parse(readFileSync(join(volume, file), 'utf8'));
  if (existsSync(join(volume, 'entries.txt'))) return readLines(join(volume, 'entries.txt'));
  if (existsSync(join(volume, 'entries.json'))) return readJson('entries.json');
  const names = readdirSync(join(volume, 'entries')).toSorted();
  return names.map((name) => readJson(join('entries', name)));
}

function readLines(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [author, text] = line.split('\t');
    return { author, text };
  });
}

/** `before`: the canonical's entries before the pass. */
function showData(before) {
  const { generation, kept } = record('guestbook');
  const after = signatures(generation);
  console.log(`\n  The guestbook's data, as it lies in the volume of generation ${generation}:\n`);
  for (const { author, text } of after) console.log(dim(`    ${author}: ${text}`));
  console.log();
  expect('each earlier release left an entry to keep', before.length, generation - 1);
  expect('every entry of the old canonical is in the new one', after.slice(0, before.length), before);
  expect('so is the one that was written right before the upgrade', after.length, before.length + 1);
  expect('the generation before is kept, with what it held', kept.map(signatures), [before]);
}

function showLedger(before, volumes) {
  console.log(`\n  The ledger's record, ${state('ledger', 'canonical.json')}:\n`);
  console.log(dim(indented(readText('ledger', 'canonical.json'))));
  console.log();
  expect('the record is the same, byte for byte', readText('ledger', 'canonical.json'), before);
  expect(
    'and so is everything of its generations',
    changes(volumes, listing(state('ledger', 'generations'))),
    [],
  );
}

function explain() {
  step(
    'Why is the ledger not at its newest release?',
    'The whole chain in one place: tags, observed state, decision, the last trial with its failing step, and when it is tried again.',
  );
  reconcile(folder, ['explain', 'ledger'], 0);
  const told = JSON.stringify(report(folder, ['explain', 'ledger']));
  for (const word of ['1.1.0+3.5', 'upgrade', 'still-booked-in-the-new-release'])
    expect(`it names "${word}"`, told.includes(word), true);
}

function whereToLook() {
  const { generation, trial } = record('guestbook');
  step('Where to look next', `Everything is still there. In ${folder}:`);
  const hints = [
    ['reconcile history', 'every trial, newest first'],
    ['reconcile logs ledger', 'what the failed trial did, and the words of the check'],
    ['reconcile explain unborn', 'why each of its tags is no release'],
    ['reconcile plan', 'what a pass would do now; edit something in manifests/ and look again'],
    [`.reconcile/guestbook/canonical.json`, 'the record: the known-good release and its commit'],
    [
      `.reconcile/guestbook/generations/${generation}/`,
      'the generation that it names, with its warm volumes',
    ],
    [`.reconcile/guestbook/trials/${trial}/`, 'the evidence: trial.json, and a log for each step'],
  ];
  for (const [what, why] of hints) console.log(`  ${bold(what)}\n      ${why}`);
  console.log(`\n  When you are done: rm -r ${folder}`);
}

async function walk() {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not built yet: run "npm run build" first`);
  makeFolder();
  if (differencesSoFar() > 0) return;
  firstPass();
  status();
  secondPass();
  await newReleases();
  plan();
  thirdPass();
  explain();
  await fourthPass();
  whereToLook();
}

try {
  await walk();
  const count = differencesSoFar();
  console.log(count === 0 ? green('\nAll as announced.') : red(`\nNot as announced: ${count}`));
  process.exitCode = count === 0 ? 0 : 1;
} catch (error) {
  console.error(red(`\nThe demonstration ended early: ${error.message}`));
  process.exitCode = 1;
}
