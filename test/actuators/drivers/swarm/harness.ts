/** The Swarm driver on a real engine, with recipes in Co-op Cloud's format whose app behaves as named. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { swarmDriver } from '../../../../src/actuators/drivers/swarm/driver.ts';
import { LABEL } from '../../../../src/actuators/drivers/swarm/names.ts';
import type { Health, Manifest } from '../../../../src/reconciler/model.ts';
import type {
  Address,
  DataHome,
  DeployRequest,
  Driver,
  NewHome,
  Work,
} from '../../../../src/reconciler/ports.ts';
import { docker, dockerLines, HELPER_IMAGE, makeImage } from '../../../fixtures/swarm/docker.ts';
import type { Behaviour, DriverHarness, RequestChanges } from '../../../suites/driver.ts';
import { bareManifest } from '../process/harness.ts';

const APP = new URL('behaving.sh', import.meta.url);
const APP_IMAGE = 'behaving:1';

/** Containers need some time to start and to fail: less says nothing of an app. */
const LEAST_TIMEOUT_MS = 25_000;

export interface SwarmChanges extends RequestChanges {
  health?: Partial<Health>;
  env?: Record<string, string>;
  provided?: Record<string, string>;
}

let images: Promise<void> | null = null;

async function makeImages(): Promise<void> {
  images ??= (async () => {
    await makeImage(HELPER_IMAGE);
    await makeImage(APP_IMAGE, { '/behaving.sh': await readFile(APP, 'utf8') });
  })();
  await images;
}

export class SwarmHarness implements DriverHarness {
  readonly driver: Driver;
  readonly folder: string;
  readonly instance = randomBytes(4).toString('hex');
  readonly #trial = `${randomBytes(16).toString('hex')}/trial-1`;
  readonly #addresses: Address[] = [];
  readonly #secrets: string[] = [];
  #logged = '';

  private constructor(folder: string) {
    this.folder = folder;
    this.driver = swarmDriver({
      settings: () => ({ network: 'proxy', helperImage: HELPER_IMAGE, node: null, edge: null }),
      instance: () => Promise.resolve(this.instance),
      mark: randomBytes(16).toString('hex'),
    });
  }

  static async make(): Promise<SwarmHarness> {
    await makeImages();
    const folder = await mkdtemp(join(tmpdir(), 'driver-'));
    await mkdir(join(folder, 'tmp'));
    return new SwarmHarness(folder);
  }

  home(name: string): NewHome {
    mkdirSync(join(this.folder, name, 'home'), { recursive: true });
    const owner = { recipe: name, generation: 1, trial: 'trial-1' };
    return { stack: `warm-${name}-${this.instance}`, folder: join(this.folder, name, 'home'), owner };
  }

  /** A recipe whose one service is the app that behaves so. */
  async request(behaviour: Behaviour, home: NewHome, over: SwarmChanges = {}): Promise<DeployRequest> {
    const { version = '1.0.0+1' } = over;
    return await this.requestOf(home, over, composeOf(behaviour, version, over));
  }

  async requestOf(
    home: NewHome,
    over: SwarmChanges,
    compose: object,
    files: Readonly<Record<string, string>> = {},
  ): Promise<DeployRequest> {
    const checkout = join(home.folder, '..', 'checkout');
    await rm(checkout, { recursive: true, force: true });
    await mkdir(checkout);
    const sample = 'DOMAIN=example.org\n';
    for (const [name, text] of Object.entries({
      'compose.yml': stringify(compose),
      '.env.sample': sample,
      ...files,
    }))
      await writeFile(join(checkout, name), text);
    const address = await this.driver.address(`${home.stack}.localhost`);
    this.#addresses.push(address);
    const { version = '1.0.0+1', provided = {} } = over;
    const manifest = this.manifest('answers', over);
    const tmp = join(this.folder, 'tmp');
    const domain = `${home.stack}.localhost`;
    return { home, recipe: 'app', version, domain, checkout, manifest, address, env: provided, tmp };
  }

  manifest(_behaviour: string, over: SwarmChanges = {}): Manifest {
    const { timeoutMs = 60_000, stableForMs = 0 } = over;
    const bare = bareManifest(null, over.env);
    const timing = { timeoutMs: Math.max(timeoutMs, LEAST_TIMEOUT_MS), stableForMs };
    return { ...bare, health: { ...bare.health, port: 80, ...timing, ...over.health } };
  }

  work(signal: AbortSignal = new AbortController().signal): Work {
    const log = {
      note: (text: string) => void (this.#logged += `${text}\n`),
      output: (_source: string, chunk: Uint8Array) => void (this.#logged += Buffer.from(chunk).toString()),
      conceal: (secret: string) => void this.#secrets.push(secret),
    };
    return { signal, log, mark: `${this.#trial}/apps` };
  }

  logged(): string {
    return this.#secrets.reduce((text, secret) => text.replaceAll(secret, '***'), this.#logged);
  }

  /** The tasks' containers, by the app's image and the names of stacks. */
  async running(): Promise<string[]> {
    const filters = ['--filter', `ancestor=${APP_IMAGE}`, '--filter', `name=-${this.instance}_`];
    return await dockerLines('ps', '-q', ...filters);
  }

  async write(home: DataHome, volume: string, file: string, text: string): Promise<void> {
    await this.#inVolume(home, volume, 'printf %s "$2" > "$1"', file, text);
  }

  async read(home: DataHome, volume: string, file: string): Promise<string> {
    return await this.#inVolume(home, volume, 'cat "$1"', file);
  }

  async touch(home: DataHome, volume: string, file: string): Promise<void> {
    await this.#inVolume(home, volume, 'touch -d @1 "$1"', file);
  }

  async removeVolume(home: DataHome, volume: string): Promise<void> {
    await docker('volume', 'rm', `${home.stack}_${volume}`);
  }

  async removeSecret(home: DataHome, secret: string): Promise<void> {
    await rm(join(home.folder, 'secrets', secret));
  }

  async dispose(): Promise<void> {
    for (const address of this.#addresses) await address.release();
    await this.driver.reap(this.#trial, this.folder);
    const filter = `label=${LABEL.instance}=${this.instance}`;
    const volumes = await dockerLines('volume', 'ls', '-q', '--filter', filter);
    if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #inVolume(home: DataHome, volume: string, script: string, ...operands: string[]): Promise<string> {
    const mount = `type=volume,source=${home.stack}_${volume},target=/v`;
    const run = ['run', '--rm', '--mount', mount, '--workdir', '/v', HELPER_IMAGE];
    return await docker(...run, 'sh', '-c', script, 'sh', ...operands);
  }
}

/** Impatient where the engine is patient, so that a test is not. */
const IMPATIENT = { update_config: { monitor: '100ms' }, restart_policy: { delay: '1s' } };

function composeOf(behaviour: Behaviour, version: string, over: SwarmChanges): object {
  const stores = behaviour === 'stores';
  const { volumes = stores ? ['data'] : [], secrets = stores ? ['key'] : [] } = over;
  return {
    version: '3.8',
    services: {
      app: {
        image: APP_IMAGE,
        command: ['/behaving.sh', behaviour],
        environment: { VERSION: version },
        stop_grace_period: '1s',
        networks: ['proxy'],
        volumes: volumes.map((name) => `${name}:/${name}`),
        secrets,
        deploy: { ...IMPATIENT, labels: [`coop-cloud.\${STACK_NAME}.version=${version}`] },
      },
    },
    networks: { proxy: { external: true } },
    volumes: Object.fromEntries(volumes.map((name) => [name, null])),
    secrets: Object.fromEntries(
      secrets.map((name) => [name, { external: true, name: `\${STACK_NAME}_${name}` }]),
    ),
  };
}
