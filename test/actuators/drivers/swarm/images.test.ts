/** Which images a stack ran from, by what the engine says of its containers: with a program in the docker command's place. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCompose } from '../../../../src/actuators/drivers/swarm/compose.ts';
import { Engine } from '../../../../src/actuators/drivers/swarm/engine.ts';
import type { StackFacts } from '../../../../src/actuators/drivers/swarm/facts.ts';
import { readImages } from '../../../../src/actuators/drivers/swarm/images.ts';
import { service, task } from './stack-facts.ts';

let folder: string;
let noted: string[];
beforeEach(async () => {
  noted = [];
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const called = (name: string) => service({ id: `id-${name}`, name });
const taskOf = (name: string, over: Parameters<typeof task>[0] = {}) =>
  task({ service: `id-${name}`, container: `container-${name}`, ...over });

/** Every container is of the image; only those that are asked for are told of. */
const imagesWith = async (repoDigests: string[], image: string, tasks: StackFacts['tasks'], extra = '') => {
  const script = [
    '#!/bin/sh',
    'kind=$3; shift 4; sep=; printf "["',
    'for each in "$@"; do',
    '  printf "%s" "$sep"; sep=,',
    `  if [ "$kind" = image ]; then printf '{"Id": "%s", "RepoDigests": ${JSON.stringify(repoDigests)}, "Config": {"Volumes": {"/cache": {}, "/data": {}}}}' "$each"`,
    `  else printf '{"Id": "%s", "Image": "sha256:image"}' "$each"; fi`,
    'done; echo "]"',
  ];
  await writeFile(join(folder, 'docker'), `${script.join('\n')}\n`);
  await chmod(join(folder, 'docker'), 0o755);
  const compose = readCompose(`services: {app: {image: '${image}'}${extra}}`, {});
  const services = ['app', 'app-edge', 'migrate'].map(called);
  const log = {
    note: (text: string) => void noted.push(text),
    output: () => undefined,
    conceal: () => undefined,
  };
  return await readImages(new Engine(), compose, { services, tasks }, { mark: 'm'.repeat(32), log });
};

describe('the images of a stack', () => {
  it.each([
    [
      'of the repository that the recipe names',
      'nginx:1.25',
      ['other@sha256:o', 'nginx@sha256:n'],
      'sha256:n',
    ],
    ['of one with a port', 'host:5000/team/app:2', ['host:5000/team/app@sha256:p'], 'sha256:p'],
    ['pinned', 'nginx:1.25@sha256:n', ['nginx@sha256:n'], 'sha256:n'],
    ['by another name than the recipe has for it', 'docker.io/library/nginx', ['nginx@sha256:n'], 'sha256:n'],
    ['of none', 'built:here', [], null],
  ])('have the digest %s', async (_what, reference, repoDigests, digest) => {
    expect(await imagesWith(repoDigests, reference, [taskOf('app')])).toEqual([
      { service: 'app', reference, digest, id: 'sha256:image' },
    ]);
  });

  it('are those of what runs now or ran to its end, and of nothing that the recipe does not have', async () => {
    const tasks = [
      taskOf('app', { spec: 'before' }),
      taskOf('app-edge'),
      taskOf('migrate', { state: 'failed', container: 'container-failed' }),
      taskOf('migrate', { state: 'complete' }),
    ];
    const found = await imagesWith([], 'app:1', tasks, ", migrate: {image: 'tool:1'}");
    expect(found.map(({ service: name, reference }) => [name, reference])).toEqual([['migrate', 'tool:1']]);
  });

  it('say what they keep in volumes that the recipe has no name for', async () => {
    const tasks = [taskOf('migrate')];
    await imagesWith([], 'app:1', tasks, ", migrate: {image: 'tool:1', volumes: ['kept:/data']}");
    expect(noted).toEqual([
      'service migrate: its image keeps /cache in a volume without a name: it is not kept',
    ]);
  });
});
