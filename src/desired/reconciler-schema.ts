/** `spec` of the document of `kind: Reconciler`. */
import { z } from 'zod';
import { everComes, isCron } from './cron.ts';
import { age, duration, size } from './quantities.ts';
import { pause } from './recipe-schema.ts';
import { httpUrl, namesOneSource, oneSource, tokenSources } from './token-schema.ts';
import { HOSTNAME, expected, filePath, hostname, serviceName } from './words.ts';

/** The domain of one recipe. */
export function resolveDomain(template: string, names: { recipe: string; domain: string }): string {
  return template.replaceAll('{recipe}', names.recipe).replaceAll('{domain}', names.domain);
}

const domainTemplate = z
  .string()
  .refine((text) => text.includes('{recipe}'), {
    error: 'the template needs {recipe}, or all recipes would share one domain',
    abort: true,
  })
  .refine((text) => HOSTNAME.test(resolveDomain(text, { recipe: 'a', domain: 'a' })), {
    error: expected('a domain name in lower case with {recipe} and {domain} in it'),
  });

function isKnownTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}

const window = z.strictObject({
  schedule: z
    .string()
    .refine(isCron, {
      error: expected('a cron expression of five fields, such as "0 3 * * 0"'),
      abort: true,
    })
    .refine(everComes, { error: expected('a schedule whose time comes') })
    .describe('When the window opens: minute, hour, day of month, month, day of week.'),
  timezone: z
    .string()
    .refine(isKnownTimezone, { error: expected('a timezone such as UTC or Europe/Berlin') })
    .default('UTC')
    .describe('The timezone of the schedule.'),
  duration: duration.describe('How long the window stays open.'),
});

const concurrency = z.strictObject({
  observe: z.number().int().min(1).max(256).default(16).describe('Recipes observed at the same time.'),
  trials: z.number().int().min(1).max(64).default(1).describe('Trials run at the same time.'),
});

const server = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9:][A-Za-z0-9.:_-]*$/, { error: expected('an address or a host name') })
    .default('127.0.0.1')
    .describe('The address that it listens on.'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9464)
    .describe('The port that it listens on; 0 takes any free one.'),
});

const edge = z.union(
  [
    z.literal('none'),
    z.strictObject({
      scheme: z.enum(['https', 'http']).default('https').describe('How recipes answer in public.'),
      address: z
        .string()
        .regex(/^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, {
          error: expected('an address as host:port'),
        })
        .optional()
        .describe("Where to connect instead of what the recipe's domain resolves to."),
      ca: filePath
        .optional()
        .describe(
          'A file with the certificate authority to trust; a relative path is relative to this file.',
        ),
    }),
  ],
  { error: expected('none, or a mapping with scheme, address and ca') },
);

const swarm = z.strictObject({
  network: serviceName.default('proxy').describe('The overlay network of the reverse proxy.'),
  helperImage: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/, { error: expected('the name of an image') })
    .default('busybox:stable')
    .describe('The image that volumes are copied and apps are asked with.'),
  node: serviceName
    .optional()
    .describe('The node that new generations are placed on; the one where the engine is by default.'),
  edge: edge
    .prefault({})
    .describe('How a recipe must answer in public; none judges it from the inside only.'),
});

const credential = z
  .strictObject({
    url: httpUrl.describe(
      'Repositories at this address and below it, such as https://git.example.org/team/.',
    ),
    username: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/, { error: expected('a user name') })
      .default('git')
      .describe('The user that the token belongs to; most forges look at the token alone.'),
    ...tokenSources,
  })
  .refine(namesOneSource, oneSource);

export const reconcilerSpec = z.strictObject({
  driver: z.enum(['process', 'swarm']).default('process').describe('What deploys the apps.'),
  domain: hostname.default('localhost').describe('The domain that apps live under.'),
  domainTemplate: domainTemplate
    .default('warm-{recipe}.{domain}')
    .describe('The domain of one recipe; {recipe} and {domain} are replaced.'),
  reservedDomains: z.array(hostname).default([]).describe('Domains that no recipe may get.'),
  interval: duration.prefault('10m').describe('How often every recipe is observed.'),
  window: window.optional().describe('When the continuous loop may start trials; always by default.'),
  concurrency: concurrency.prefault({}).describe('How much happens at the same time.'),
  diskBudget: size.optional().describe('Room for all generations together, such as 200GiB.'),
  verify: z
    .strictObject({
      interval: age.prefault('24h').describe('How often volumes are fingerprinted where that is costly.'),
    })
    .prefault({})
    .describe('How volumes are verified.'),
  credentials: z
    .array(credential)
    .default([])
    .describe(
      'Who asks git servers over http(s): for each repository the entry with the longest address counts.',
    ),
  freeze: pause.optional().describe('No trial of any recipe.'),
  server: server.prefault({}).describe("The continuous loop's HTTP server."),
  registry: z.enum(['file']).default('file').describe('Where records are kept.'),
  swarm: swarm.prefault({}).describe('How the swarm driver works.'),
});
