/** The command line: what there is, with which options; each command's own file does it. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../nearest.ts';
import { LOG_LEVELS } from './log-level.ts';
import type { Context, ExitCode } from './context.ts';
import type { RawOptions } from './setup.ts';

interface Invocation {
  options: RawOptions;
  run: (context: Context) => Promise<ExitCode>;
}

export type Parsed = { kind: 'run'; invocation: Invocation } | { kind: 'done'; exitCode: ExitCode };

/** Throws `CommanderError` for wrong usage, after having said what is wrong. */
export function parseCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv, print: Printer): Parsed {
  let invocation: Invocation | null = null;
  const accept: Accept = (command, run, logLevel = 'warn') => {
    invocation = { options: { logLevel, ...command.optsWithGlobals<Omit<RawOptions, 'logLevel'>>() }, run };
  };
  const root = argv.includes('--once') ? onceCommand(env, accept) : fullCommand(env, accept);
  for (const command of [root, ...root.commands]) configure(command, print);
  try {
    root.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { kind: 'done', exitCode: 0 };
    throw error;
  }
  if (invocation === null) throw new Error('a command line that parses names a command');
  return { kind: 'run', invocation };
}

export interface Printer {
  out: (text: string) => void;
  err: (text: string) => void;
}

/** `logLevel`: where none is asked for. */
type Accept = (command: Command, run: Invocation['run'], logLevel?: string) => void;

function configure(command: Command, print: Printer): void {
  command.exitOverride().configureOutput({ writeOut: print.out, writeErr: print.err });
  command.showHelpAfterError('(see --help)');
}

/** `--once` stands where a command would; a recipe may be called like one. */
function onceCommand(env: NodeJS.ProcessEnv, accept: Accept): Command {
  return common(new Command('reconcile'), env)
    .description('one pass over every enrolled recipe, or over those that are named; then exit')
    .requiredOption('--once', 'one pass, then exit')
    .option('--retry-failed', 'try failed releases again, whatever holds them', false)
    .option('--metrics-file <file>', "writes metrics for node_exporter's textfile collector")
    .argument('[recipes...]')
    .action(
      (recipes: string[], options: { retryFailed: boolean; metricsFile?: string }, command: Command) => {
        accept(command, async (context) => {
          const { once } = await import('./once.ts');
          const { retryFailed, metricsFile = null } = options;
          return await once(context, { recipes, retryFailed, metricsFile });
        });
      },
    );
}

function fullCommand(env: NodeJS.ProcessEnv, accept: Accept): Command {
  const root = common(new Command('reconcile'), env)
    .description(
      'Keeps a known-good, warm install of every enrolled recipe at its latest release: continuously, until it is ' +
        'stopped, where no command is given.',
    )
    .addOption(
      new Option(
        '--once',
        'one pass, then exit; RECIPE... narrows it, --retry-failed ignores failure holds, --metrics-file FILE tells Prometheus',
      ),
    )
    .addHelpText('after', EXIT_CODES)
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => {
      refuseStranger(command);
      accept(command, async (context) => (await import('./loop.ts')).loop(context), 'info');
    });
  addLooking(root, env, accept);
  addReading(root, env, accept);
  addOperating(root, env, accept);
  addManifests(root, env, accept);
  return root;
}

/** What is no command would otherwise be taken for an argument of the loop. */
function refuseStranger(command: Command): void {
  const [stranger] = command.args;
  if (stranger === undefined) return;
  const names = command.commands.map((each) => each.name());
  const hint = '; to act on recipes, say --once before their names';
  command.error(`error: unknown command '${stranger}'${didYouMean(stranger, names)}${hint}`);
}

const EXIT_CODES = `
Exit codes of --once, plan and status, the first that applies:
  1  could not run    4  something is unknown    2  drift    3  something waits    0  all in order`;

/** Commands that look at upstream. */
function addLooking(root: Command, env: NodeJS.ProcessEnv, accept: Accept): void {
  common(root.command('plan'), env)
    .description('what --once would do, and why; writes nothing anywhere')
    .option('--retry-failed', 'as if failed releases were not held', false)
    .argument('[recipes...]')
    .action((recipes: string[], options: { retryFailed: boolean }, command: Command) => {
      accept(command, async (context) => {
        const { plan } = await import('./plan.ts');
        return await plan(context, { recipes, retryFailed: options.retryFailed });
      });
    });
  common(root.command('audit'), env)
    .description('which claims of every canonical hold, from git and the volumes alone')
    .option('--deep', 'read the contents of every volume', false)
    .argument('[recipes...]')
    .action((recipes: string[], { deep }: { deep: boolean }, command: Command) => {
      accept(command, async (context) => (await import('./audit.ts')).audit(context, { recipes, deep }));
    });
  common(root.command('explain'), env)
    .description('why a recipe is where it is, and what happens next')
    .argument('<recipe>')
    .action((recipe: string, _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./explain.ts')).explain(context, recipe));
    });
}

/** Commands that read the state folder only. */
function addReading(root: Command, env: NodeJS.ProcessEnv, accept: Accept): void {
  common(root.command('status'), env)
    .description("the last pass's stored result and its age, without touching upstream")
    .argument('[recipes...]')
    .action((recipes: string[], _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./status.ts')).status(context, recipes));
    });
  common(root.command('history'), env)
    .description('trials, newest first')
    .argument('[recipe]')
    .action((recipe: string | undefined, _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./history.ts')).history(context, recipe ?? null));
    });
  common(root.command('logs'), env)
    .description("a trial's log; the last one's where none is named")
    .argument('<recipe>')
    .option('--trial <id>', 'which trial')
    .option('--step <name>', 'only this step')
    .option('--follow', 'go on until the trial ends', false)
    .action(
      (recipe: string, options: { trial?: string; step?: string; follow: boolean }, command: Command) => {
        const { trial = null, step = null, follow } = options;
        accept(command, async (context) =>
          (await import('./logs.ts')).logs(context, { recipe, trial, step, follow }),
        );
      },
    );
}

/** Commands that change the state folder at a person's word; beside whoever acts they leave it to them. */
function addOperating(root: Command, env: NodeJS.ProcessEnv, accept: Accept): void {
  const recipeCommand = (
    name: string,
    description: string,
    run: (context: Context, recipe: string) => Promise<ExitCode>,
  ): void => {
    common(root.command(name), env)
      .description(description)
      .argument('<recipe>')
      .action((recipe: string, _options: unknown, command: Command) => {
        accept(command, (context) => run(context, recipe));
      });
  };
  recipeCommand(
    'accept',
    'accepts a moved tag, a withdrawn or disallowed release, or another driver: the canonical is rebuilt',
    async (context, recipe) => (await import('./accept.ts')).accept(context, recipe),
  );
  recipeCommand(
    'rebuild',
    "distrusts the canonical's data: it is built anew at the next opportunity",
    async (context, recipe) => (await import('./rebuild.ts')).rebuild(context, recipe),
  );
  recipeCommand('cancel', 'ends its running trial as interrupted', async (context, recipe) =>
    (await import('./cancel.ts')).cancel(context, recipe),
  );
  common(root.command('forget'), env)
    .description('deletes the canonical and state of a recipe that is not enrolled')
    .argument('<recipe>')
    .option('--yes', 'do it; without, it only says what would go', false)
    .action((recipe: string, { yes }: { yes: boolean }, command: Command) => {
      accept(command, async (context) => (await import('./forget.ts')).forget(context, { recipe, yes }));
    });
  common(root.command('gc'), env)
    .description('removes what no record names and this program made')
    .option('--dry-run', 'only list it; writes nothing', false)
    .action(({ dryRun }: { dryRun: boolean }, command: Command) => {
      accept(command, async (context) => (await import('./gc.ts')).gc(context, { dryRun }));
    });
}

/** Commands that need no state. */
function addManifests(root: Command, env: NodeJS.ProcessEnv, accept: Accept): void {
  common(root.command('validate'), env)
    .description('checks manifests; touches nothing else')
    .argument('[files...]', 'files or folders; the manifest folder where none are named')
    .action((files: string[], _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./validate.ts')).validate(context, files));
    });
  common(root.command('schema'), env)
    .description('JSON Schema of a manifest')
    .argument('<kind>', 'recipe or reconciler')
    .action((kind: string, _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./schema.ts')).schema(context, kind));
    });
  common(root.command('demo'), env)
    .description('makes a folder with real upstream repositories, manifests and apps to try it on')
    .argument('<folder>')
    .action((folder: string, _options: unknown, command: Command) => {
      accept(command, async (context) => (await import('./demo.ts')).demo(context, folder));
    });
}

/** Options that every command takes. */
function common(command: Command, env: NodeJS.ProcessEnv): Command {
  return command
    .option(
      '--manifests <dir>',
      'folder of manifests ($RECONCILE_MANIFESTS)',
      folderName,
      env['RECONCILE_MANIFESTS'] || 'manifests',
    )
    .option(
      '--state <dir>',
      'state folder ($RECONCILE_STATE)',
      folderName,
      env['RECONCILE_STATE'] || '.reconcile',
    )
    .option('--json', 'print one JSON object', false)
    .addOption(
      new Option('--log-level <level>', 'how much to log: warn, or info by the loop').choices(LOG_LEVELS),
    )
    .addOption(new Option('--log-format <format>', 'for machines or for people').choices(['json', 'pretty']));
}

function folderName(value: string): string {
  if (value === '') throw new InvalidArgumentError('expected the name of a folder, got nothing');
  return value;
}
