// Names of fault points: what is done on what, without anything that differs from run to run.
import { basename, relative } from 'node:path';

const ON_TWO = new Set(['rename', 'copyFile', 'cp', 'link', 'symlink']);

export function nameOfCall(root, call, args) {
  const name = call.replace(/Sync$/, '');
  if (name === 'run') return `run ${nameOfCommand(args)}`;
  const places = args.slice(0, ON_TWO.has(name) ? 2 : 1).map((path) => nameOfPlace(root, String(path)));
  return `${name} ${places.join(' -> ')}`;
}

/** A place in the state folder without the numbers of terms, trials and staged things. */
function nameOfPlace(root, path) {
  const place = relative(root, path);
  if (place.startsWith('..')) return basename(path);
  return place
    .replace(/^\.reconcile\/(terms|ended)\/[^/]+/, (_, kind) => (kind === 'terms' ? 'term' : 'ended-term'))
    .replace(/^\.reconcile\/prepared-[^/]+/, 'prepared-term')
    .replace(/^\.reconcile\/requests\/[^/]+/, 'request')
    .replace(/^term\/([0-9]+-)/, 'term/')
    .replace(/^term\/staged\/[0-9]+-(?:[0-9]+-)?/, 'term/staged/')
    .replace(/^term\/staged\/(.*-[0-9a-z]{8}-[0-9a-f]{8}|[0-9a-z]{8,}-[0-9a-f]{8})$/, 'term/staged/term')
    .replaceAll(/[0-9]{8}T[0-9]{6}Z-[a-z0-9-]+-[0-9]+/g, 'ID')
    .replace(/lifeline-[0-9a-f]{12}/, 'lifeline')
    .replace(/lifeline-git-\d+/, 'lifeline-git')
    .replace(/provide-[A-Za-z0-9]{6}/, 'provide');
}

function nameOfCommand([file, ...args]) {
  const program = basename(String(file));
  // A git whose memory is bounded is started by a shell that becomes it.
  if (program === 'sh' && args[2] === 'bounded') return nameOfCommand(args.slice(3));
  if (program === 'docker') return nameOfDockerCommand(args);
  if (program !== 'git') return [program, ...args.filter((arg) => /^[\w.-]+\.mjs$/.test(arg))].join(' ');
  const rest = [...args];
  while (rest[0] === '-c') rest.splice(0, 2);
  return `git ${rest[0]}${rest.includes('-d') ? ' -d' : ''}`;
}

const DOCKER_NOUNS = /^(stack|service|container|network|secret|config|volume|node)$/;

/** A container that stays is another thing than one that does something and goes. */
function nameOfDockerCommand([first, second, third]) {
  if (DOCKER_NOUNS.test(first)) return `docker ${first} ${second}`;
  if (first === 'inspect') return `docker inspect ${third}`;
  return first === 'run' && second === '--detach' ? 'docker run --detach' : `docker ${first}`;
}
