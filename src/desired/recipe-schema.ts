/** `spec` of a document of `kind: Recipe`, key by key as the reference (docs/manifest.md) describes it. */
import { z } from 'zod';
import { age, ageOrNone, duration, durationOrNone } from './quantities.ts';
import { httpUrl, namesOneSource, oneSource, tokenSources } from './token-schema.ts';
import { faultOfUpstream } from './upstream-url.ts';
import {
  command,
  dataName,
  environmentName,
  expected,
  moment,
  plainText,
  processText,
  recipeName,
  sentence,
  serviceName,
} from './words.ts';

const location = z.string().superRefine((text, context) => {
  const message = faultOfUpstream(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

/** Shared with the Reconciler document's `freeze`. */
export const pause = z.strictObject({
  reason: sentence.describe('Why; shown wherever the pause is.'),
  by: sentence.optional().describe('Who paused it.'),
  until: moment
    .optional()
    .describe('A date (its first moment in UTC) or a time, in ISO 8601, at which the pause ends by itself.'),
});

const branch = z.string().regex(/^(?![-/.])(?!.*(\.\.|@\{|\/\/|\/\.|\.lock(\/|$)))[^\s~^:?*[\\]+(?<![/.])$/, {
  error: expected('the name of a branch'),
});

const release = z.strictObject({
  ignore: z
    .array(plainText)
    .default([])
    .describe('Globs of release tags that are never taken, such as "2.*+*" or "*-rootless".'),
  prerelease: z.boolean().default(false).describe('Whether releases such as 1.0.0-rc.1+2.3.0 count.'),
  minAge: ageOrNone
    .prefault('0s')
    .describe('How long after it was first seen a release is left alone, such as 2d.'),
});

const mirror = z.strictObject({
  url: location.describe('Where the mirror is pushed to; not the upstream itself.'),
  forge: z
    .strictObject({
      type: z.enum(['gitea']).describe('The kind of forge; Forgejo is gitea too.'),
      api: httpUrl.describe('The address of its API, such as https://git.example.org/api/v1.'),
      repo: z
        .string()
        .regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, { error: expected('a repository as owner/name') })
        .describe('The mirror there, as owner/name.'),
      ...tokenSources,
    })
    .refine(namesOneSource, oneSource)
    .optional()
    .describe('The forge that serves the mirror, so that its pull requests can be kept up to date.'),
});

const provide = z.union([command, z.array(command)], {
  error: expected('a command as a list, or a list of commands'),
});

const dependency = z.union(
  [
    recipeName,
    z.strictObject({
      name: recipeName.describe('The recipe whose canonical is deployed beside this one.'),
      provide: provide
        .optional()
        .describe(
          'One command, or a list of commands, run on every deploy of the dependency; the KEY=value lines that ' +
            'they write to $PROVIDE_OUT reach the app.',
        ),
    }),
  ],
  { error: expected('the name of a recipe, or a mapping with name and provide') },
);

const dataNames = z.array(dataName).default([]);

const app = z.strictObject({
  env: z
    .record(environmentName, processText)
    .default({})
    .describe('Environment of the app, and nothing secret.'),
  process: z
    .strictObject({
      command: command.describe('What runs the app, in the checkout, listening on 127.0.0.1:$PORT.'),
      volumes: dataNames.describe('Names of its volumes; each is the folder $VOLUME_<NAME>.'),
      secrets: dataNames.describe('Names of its secrets; each is in the file $SECRET_<NAME>_FILE.'),
    })
    .optional()
    .describe('How the process driver runs the app.'),
});

const health = z.strictObject({
  path: z
    .string()
    .regex(/^\/(?!\/)[^\s\\#]*$/, { error: expected('a path that begins with one slash, such as /health') })
    .default('/')
    .describe('The path that is asked.'),
  status: z
    .array(z.number().int().min(100).max(599))
    .min(1)
    .default([200])
    .describe('The HTTP statuses that are healthy.'),
  contains: z
    .string()
    .min(1, { error: 'expected some text, got none' })
    .optional()
    .describe('Text that the answer must contain.'),
  timeout: duration.prefault('10m').describe('How long the app may take to become healthy.'),
  stableFor: durationOrNone.prefault('2s').describe('How long it must then stay healthy.'),
  service: serviceName.optional().describe('Swarm: the service that is asked from inside; app by default.'),
  port: z.number().int().min(1).max(65535).optional().describe('Swarm: the port that is asked from inside.'),
});

const check = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/, {
      error: expected('a name of letters, digits, spaces and . _ -'),
    })
    .describe('Names the check in results; unique within the recipe.'),
  phase: z
    .enum(['installed', 'beforeUpgrade', 'afterUpgrade'])
    .describe('When it runs: after a fresh install, on the base before the upgrade, or after the upgrade.'),
  command: command.describe('Run in the folder of the manifest; exit 0 is a pass.'),
  timeout: duration.prefault('5m').describe('Its deadline.'),
});

function backoff(defaults: { base: string; max: string }) {
  return z
    .strictObject({
      base: age.prefault(defaults.base).describe('The wait after the first failure.'),
      max: age.prefault(defaults.max).describe('The longest wait; each failure doubles it up to here.'),
    })
    .prefault({});
}

export const recipeSpec = z.strictObject({
  upstream: location.describe(
    'The git repository of the recipe: https://, http://, ssh://, user@host:path, file://, or a path that is ' +
      'absolute or relative to this file.',
  ),
  enrolled: z.boolean().default(true).describe('Whether the recipe is kept at its latest release.'),
  reason: sentence.optional().describe('Why it is not enrolled.'),
  suspend: pause.optional().describe('Observe the recipe, but do not act on it.'),
  branch: branch
    .optional()
    .describe("The branch that the mirror keeps equal; the one of the remote's HEAD by default."),
  release: release.prefault({}).describe('Which releases are taken.'),
  mirror: mirror.optional().describe('A repository that is kept equal to the upstream.'),
  dependsOn: z
    .array(dependency)
    .default([])
    .describe('Recipes whose canonical is deployed beside this one in each trial.'),
  app: app.prefault({}).describe('How the app is run.'),
  health: health.prefault({}).describe('When the app is healthy.'),
  checks: z.array(check).default([]).describe('Commands that judge a deployment further.'),
  timeout: duration.prefault('60m').describe('The deadline of one whole trial.'),
  retain: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(2)
    .describe('How many generations are kept, the canonical included.'),
  retry: z
    .strictObject({
      red: backoff({ base: '6h', max: '6d' }).describe('After a trial that the recipe failed.'),
      infra: backoff({ base: '30s', max: '1h' }).describe('After a trial that something else failed.'),
    })
    .prefault({})
    .describe('How long a release that failed is left alone, as long as nothing about it changes.'),
});
