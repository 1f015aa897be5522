/** One upstream, its local mirror and a repository of the team's own, all real, for tests of what a sync makes of them. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitMirror } from '../../../src/actuators/mirror/git-mirror.ts';
import type { Manifest, SyncReport } from '../../../src/reconciler/model.ts';
import type { MirrorPort, Work } from '../../../src/reconciler/ports.ts';
import { Layout } from '../../../src/state/layout.ts';
import { Term } from '../../../src/state/term.ts';
import { HttpGit } from '../../fixtures/http-git.ts';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { manifest } from '../../reconciler/world.ts';

interface BenchOptions {
  timeoutMs?: number;
  /** How both are reached. Folders are quicker, for tests of something else. */
  transport?: 'http' | 'folder';
}

export class MirrorBench {
  readonly root: string;
  readonly upstream: UpstreamRepo;
  /** Bare, and empty at first. */
  readonly team: UpstreamRepo;
  /** Serves both: `upstream` and `team`. */
  readonly server: HttpGit;
  readonly port: MirrorPort;
  /** What was said in the step's log. */
  readonly notes: string[] = [];
  readonly concealed: string[] = [];
  readonly stop = new AbortController();
  /** How long forges made it wait. */
  readonly pauses: number[] = [];
  readonly #transport: 'http' | 'folder';

  private constructor(
    root: string,
    upstream: UpstreamRepo,
    team: UpstreamRepo,
    server: HttpGit,
    { timeoutMs = 20_000, transport = 'http' }: BenchOptions,
  ) {
    this.#transport = transport;
    this.root = root;
    this.upstream = upstream;
    this.team = team;
    this.server = server;
    this.port = gitMirror({
      layout: new Layout(join(root, 'state')),
      term: new Term('term', this.term, 'mark'),
      timeoutMs,
      pause: async (ms) => void this.pauses.push(ms),
    });
  }

  static async open(options: BenchOptions = {}): Promise<MirrorBench> {
    const root = await mkdtemp(join(tmpdir(), 'mirror-'));
    await mkdir(join(root, 'state', 'term'), { recursive: true });
    const served = join(root, 'served');
    const upstream = await UpstreamRepo.create(join(served, 'upstream'));
    const team = await UpstreamRepo.createBare(join(served, 'team'));
    const server = await HttpGit.start(served);
    server.writable = true;
    return new MirrorBench(root, upstream, team, server, options);
  }

  get term(): string {
    return join(this.root, 'state', 'term');
  }

  /** The local mirror. */
  get local(): UpstreamRepo {
    return UpstreamRepo.open(join(this.root, 'state', 'app', 'mirror.git'));
  }

  get work(): Work {
    const log = {
      note: (text: string) => void this.notes.push(text),
      output: () => undefined,
      conceal: (secret: string) => void this.concealed.push(secret),
    };
    return { signal: this.stop.signal, log, mark: 'mark' };
  }

  /** Of a recipe without a mirror of the team's. */
  alone(over: Partial<Manifest> = {}): Manifest {
    return manifest({ upstream: this.#url('upstream'), ...over });
  }

  both(over: Partial<NonNullable<Manifest['mirror']>> = {}): Manifest {
    return this.alone({ mirror: { url: this.#url('team'), login: null, forge: null, ...over } });
  }

  #url(repository: 'upstream' | 'team'): string {
    return this.#transport === 'http' ? this.server.url(repository) : this[repository].folder;
  }

  /** A sync, and what follows it. */
  async sync(
    of: Manifest = this.both(),
    named: readonly string[] = [],
  ): Promise<SyncReport & { closed: readonly number[]; pullRequests: string | null }> {
    this.notes.length = 0;
    const report = await this.port.sync({ manifest: of, named }, this.work);
    const { closed, trouble } = await this.port.tendPullRequests(of, this.work);
    return { ...report, closed, pullRequests: trouble };
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Every ref but those below `refs/reconcile`, as `<object> <name>`. */
export async function refsIn(repo: UpstreamRepo): Promise<string[]> {
  const text = await repo.git('for-each-ref', '--format=%(objectname) %(refname)');
  return text.split('\n').filter((line) => line !== '' && !line.includes(' refs/reconcile/'));
}

export async function namesIn(repo: UpstreamRepo): Promise<string[]> {
  return (await refsIn(repo)).map((line) => line.slice(line.indexOf(' ') + 1));
}
