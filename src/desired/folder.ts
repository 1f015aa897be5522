import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Found {
  /** Paths of manifests below the folder, sorted. */
  files: string[];
  /** Paths of whatever lies beside them, such as the scripts of checks. */
  others: string[];
  /** Those of both that are links: what they lead to may change and nothing in the folder with it. */
  links: string[];
  /** The folders that were read, itself (`''`) included, each with its real path. */
  folders: { path: string; real: string }[];
  /** Folders below it that could not be read, with why. */
  unreadable: { path: string; why: string }[];
}

/**
 * Every `*.yaml` and `*.yml` below a folder, and what lies beside them, links followed. Each real folder is read once, by its own name rather
 * than a link's where it has both, so that links may form loops. Names that begin with a dot are passed over: folders
 * of tools, and what editors leave beside a file.
 */
export async function findManifestFiles(folder: string): Promise<Found> {
  const found: Found = { files: [], others: [], links: [], folders: [], unreadable: [] };
  const seen = new Set<string>();
  const folders = [''];
  const linked: string[] = [];
  for (let path = folders.shift(); path !== undefined; path = folders.shift() ?? linked.shift()) {
    try {
      const real = await realpath(join(folder, path));
      if (seen.has(real)) continue;
      seen.add(real);
      const entries = await readdir(real, { withFileTypes: true });
      found.folders.push({ path, real });
      for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        if (entry.name.startsWith('.')) continue;
        const below = join(path, entry.name);
        if (entry.isDirectory()) folders.push(below);
        else if (entry.isSymbolicLink() && (await isFolder(join(folder, below)))) linked.push(below);
        else {
          if (entry.isSymbolicLink()) found.links.push(below);
          (/\.ya?ml$/.test(entry.name) ? found.files : found.others).push(below);
        }
      }
    } catch (error) {
      found.unreadable.push({ path, why: reasonOf(error) });
    }
  }
  found.files.sort();
  found.unreadable.sort((a, b) => (a.path < b.path ? -1 : 1));
  return found;
}

/** A link that leads nowhere is no folder; as a manifest it is found unreadable later. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Why the system refused, without the path that the message names already. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EACCES: 'permission is denied',
    EPERM: 'permission is denied',
    ELOOP: 'its links lead in a circle',
    ENOTDIR: 'it is not a folder',
  };
  return words[code] ?? error.message;
}
