/** The process driver with apps from test/fixtures/apps/behaving, in a folder that goes with the test. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processDriver } from '../../../../src/actuators/drivers/process/driver.ts';
import { endProcesses } from '../../../../src/processes.ts';
import type { Health, Manifest, ProcessApp } from '../../../../src/reconciler/model.ts';
import type {
  Address,
  DataHome,
  DeployRequest,
  Driver,
  NewHome,
  Work,
} from '../../../../src/reconciler/ports.ts';
import type { Behaviour, DriverHarness, RequestChanges } from '../../../suites/driver.ts';

const APP = new URL('../../../fixtures/apps/behaving/app.mjs', import.meta.url);

export interface ProcessChanges extends RequestChanges {
  command?: readonly string[] | null;
  env?: Record<string, string>;
  provided?: Record<string, string>;
  health?: Partial<Health>;
}

export class ProcessHarness implements DriverHarness {
  readonly driver: Driver;
  readonly folder: string;
  readonly pids: string;
  readonly #trial = `${randomBytes(16).toString('hex')}/trial-1`;
  readonly #addresses: Address[] = [];
  readonly #secrets: string[] = [];
  #logged = '';

  private constructor(folder: string, graceMs: number | undefined) {
    this.folder = folder;
    this.pids = join(folder, 'pids');
    this.driver = processDriver(graceMs === undefined ? {} : { graceMs });
  }

  static async make({ graceMs = 200 }: { graceMs?: number | undefined } = {}): Promise<ProcessHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'driver-'));
    await mkdir(join(folder, 'tmp'));
    return new ProcessHarness(folder, graceMs);
  }

  home(name: string): NewHome {
    mkdirSync(join(this.folder, name), { recursive: true });
    const owner = { recipe: name, generation: 1, trial: 'trial-1' };
    return { stack: `warm-${name}-1`, folder: join(this.folder, name, 'home'), owner };
  }

  checkout(home: DataHome): string {
    return join(home.folder, '..', 'checkout');
  }

  async request(
    behaviour: Behaviour | (string & {}),
    home: NewHome,
    over: ProcessChanges = {},
  ): Promise<DeployRequest> {
    const checkout = this.checkout(home);
    await mkdir(checkout, { recursive: true });
    await cp(APP, join(checkout, 'app.mjs'));
    const address = await this.driver.address(`${home.stack}.localhost`);
    this.#addresses.push(address);
    const { version = '1.0.0+1', provided = {} } = over;
    const manifest = this.manifest(behaviour, over);
    const tmp = join(this.folder, 'tmp');
    const domain = `${home.stack}.localhost`;
    return { home, recipe: 'app', version, domain, checkout, manifest, address, env: provided, tmp };
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

  /** The numbers that the apps themselves wrote down, of those that are still alive. */
  async running(): Promise<string[]> {
    if (!existsSync(this.pids)) return [];
    const written = (await readFile(this.pids, 'utf8')).trim().split('\n');
    return written.filter(isAlive);
  }

  async write(home: DataHome, volume: string, file: string, text: string): Promise<void> {
    await writeFile(join(home.folder, 'volumes', volume, file), text);
  }

  async read(home: DataHome, volume: string, file: string): Promise<string> {
    return await readFile(join(home.folder, 'volumes', volume, file), 'utf8');
  }

  async touch(home: DataHome, volume: string, file: string): Promise<void> {
    await utimes(join(home.folder, 'volumes', volume, file), 1, 1);
  }

  async removeVolume(home: DataHome, volume: string): Promise<void> {
    await rm(join(home.folder, 'volumes', volume), { recursive: true });
  }

  async removeSecret(home: DataHome, secret: string): Promise<void> {
    await rm(join(home.folder, 'secrets', secret));
  }

  async dispose(): Promise<void> {
    for (const pid of await this.running()) process.kill(Number(pid), 'SIGKILL');
    await endProcesses(this.#trial, { graceMs: 0 });
    for (const address of this.#addresses) await address.release();
    await rm(this.folder, { recursive: true, force: true });
  }

  manifest(behaviour: string, over: ProcessChanges = {}): Manifest {
    const stores = behaviour === 'stores';
    const { volumes = stores ? ['data'] : [], secrets = stores ? ['key'] : [] } = over;
    const command =
      over.command === undefined ? [process.execPath, 'app.mjs', behaviour, this.pids] : over.command;
    const { timeoutMs = 10_000, stableForMs = 0 } = over;
    const bare = bareManifest(command === null ? null : { command, volumes, secrets }, over.env);
    return { ...bare, health: { ...bare.health, timeoutMs, stableForMs, ...over.health } };
  }
}

export function isAlive(pid: string | number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export function bareManifest(app: ProcessApp | null, env: Record<string, string> = {}): Manifest {
  return {
    name: 'app',
    file: 'manifests/app.yaml',
    folder: '/',
    document: {},
    enrolled: true,
    reason: null,
    suspend: null,
    upstream: '/nowhere',
    login: null,
    branch: null,
    release: { ignore: [], prerelease: false, minAgeMs: 0 },
    mirror: null,
    dependsOn: [],
    app: { env, process: app },
    health: {
      path: '/',
      status: [200],
      contains: null,
      timeoutMs: 10_000,
      stableForMs: 0,
      service: null,
      port: null,
    },
    checks: [],
    timeoutMs: 60_000,
    retain: 2,
    retry: { red: { baseMs: 1, maxMs: 1 }, infra: { baseMs: 1, maxMs: 1 } },
    commandFiles: {},
  };
}
