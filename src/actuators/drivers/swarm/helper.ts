/**
 * Reads and copies volumes through a container, without the right to read the engine's own folders: it may run on another
 * machine. The helper image needs a shell and the tools of a busybox, nothing else, and gets no network.
 *
 * What a volume is, in two digests, as for folders (`process/tree.ts`): names, kinds, modes, owners, sizes and targets of
 * links in both; contents in the digest, times in the fingerprint (in seconds: that is as much of them as a busybox copies). Each part is digested by itself, in the order of the
 * raw names: these come first and end in NUL, so that with them every other part can be read in one way only.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { TrialFault } from '../../../reconciler/errors.ts';
import { complaint, type Call, type Engine } from './engine.ts';

export interface VolumeFacts {
  bytes: number;
  files: number;
  allocatedBytes: number;
  fingerprint: string;
  /** Only where contents were asked for. */
  digest: string | null;
}

export interface HelperMount {
  volume: string;
  target: string;
  readOnly: boolean;
}

interface HelperOptions {
  image: string;
  labels: Readonly<Record<string, string>>;
}

/** A large volume may take long; the trial's own timeout is what bounds it. */
const TIMEOUT_MS = 24 * 3_600_000;

const DESCRIBE = `
set -euo pipefail
export LC_ALL=C
names() { find . "$@" -print0 | sort -z; }
hash() { sha256sum | cut -c 1-64; }
describe() {
  cd "$1"
  shape=$( (names | hash; names ! -type f | xargs -0 -r stat -c '%f %u %g %t %T' | hash
    names -type f | xargs -0 -r stat -c '%f %u %g %s' | hash
    names -type l | xargs -0 -r -n 1 readlink | hash) | hash)
  times=$(names | xargs -0 -r stat -c '%Y' | hash)
  contents=-
  if [ "$2" = contents ]; then contents=$( (echo "$shape"; names -type f | xargs -0 -r sha256sum | hash) | hash); fi
  sizes=$(names -type f | xargs -0 -r stat -c '%s' | awk '{ sum += $1 } END { printf "%.0f %d", sum, NR }')
  allocated=$(du -sk . | cut -f 1)
  echo "$sizes $allocated $( (echo "$shape $times") | hash) $contents"
}
`;

const COPY = `
copy() {
  if cp --help 2>&1 | grep -q -- --reflink; then cp -a --reflink=auto --sparse=auto "$1/." "$2/"; else cp -a "$1/." "$2/"; fi
}
`;

export class Helper {
  readonly #engine: Engine;
  readonly #options: HelperOptions;

  constructor(engine: Engine, options: HelperOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** What volumes are now, in their order. */
  async describe(
    volumes: readonly string[],
    contents: 'contents' | 'no-contents',
    call: Call,
  ): Promise<VolumeFacts[]> {
    const mounts = volumes.map((volume, at) => ({ volume, target: `/v/${at}`, readOnly: true }));
    const script = `${DESCRIBE}for each in "$@"; do (describe "$each" ${contents}); done`;
    const said = await this.#run(
      script,
      mounts,
      mounts.map(({ target }) => target),
      call,
    );
    return readFacts(said);
  }

  /** Copies each into one that is empty, and says what the copies are. */
  async copy(pairs: readonly { from: string; to: string }[], call: Call): Promise<VolumeFacts[]> {
    const mounts = pairs.flatMap(({ from, to }, at) => [
      { volume: from, target: `/from/${at}`, readOnly: true },
      { volume: to, target: `/to/${at}`, readOnly: false },
    ]);
    const script = `${DESCRIBE}${COPY}for each in "$@"; do copy "/from/$each" "/to/$each"; (describe "/to/$each" contents); done`;
    return readFacts(await this.#run(script, mounts, [...pairs.keys()].map(String), call));
  }

  /** Forces what was written to disk. */
  async flush(volumes: readonly string[], call: Call): Promise<void> {
    const mounts = volumes.map((volume, at) => ({ volume, target: `/v/${at}`, readOnly: false }));
    await this.#run('set -eu; sync', mounts, [], call);
  }

  /** The container ends with the call, however that ends: killing the command alone would leave it running. */
  async #run(
    script: string,
    mounts: readonly HelperMount[],
    operands: readonly string[],
    call: Call,
  ): Promise<string> {
    if (mounts.length === 0) return '';
    const { image, labels } = this.#options;
    const name = `recipe-reconciler-${randomBytes(8).toString('hex')}`;
    const alone = ['--rm', '--name', name, '--network', 'none', '--user', '0', '--entrypoint', 'sh'];
    const flags = [
      ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      ...mounts.flatMap((mount) => ['--mount', mountOption(mount)]),
    ];
    const args = ['run', ...alone, ...flags, image, '-c', script, 'sh', ...operands];
    try {
      const result = await this.#engine.run(args, { timeoutMs: TIMEOUT_MS, ...call });
      if (result.exitCode === 0) return result.stdout;
      const message = `could not work on volumes in a container of ${image}: ${complaint(result)}`;
      throw new TrialFault('infra', 'helper-failed', message, { hint: 'see spec.swarm.helperImage' });
    } catch (error) {
      await this.#engine
        .run(['rm', '--force', '--volumes', '--', name], { mark: call.mark })
        .catch(() => undefined);
      throw error;
    }
  }
}

function mountOption({ volume, target, readOnly }: HelperMount): string {
  return `type=volume,source=${volume},target=${target},volume-nocopy${readOnly ? ',readonly' : ''}`;
}

const Facts = z
  .tuple([z.coerce.number(), z.coerce.number(), z.coerce.number(), z.string(), z.string()])
  .transform(([bytes, files, allocatedKiB, fingerprint, digest]): VolumeFacts => ({
    bytes,
    files,
    allocatedBytes: allocatedKiB * 1024,
    fingerprint: `sha256:${fingerprint}`,
    digest: digest === '-' ? null : `sha256:${digest}`,
  }));

function readFacts(said: string): VolumeFacts[] {
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.map((line) => Facts.parse(line.split(' ')));
}
