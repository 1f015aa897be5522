/**
 * What lies below the manifest folder, as far as that can be told without reading a file. Of two such stocks it shows what
 * changed in between, whatever notifications were lost, came twice, or named something else: they only say when to
 * take stock. It is never what a decision goes by: a look reads every byte.
 */
import { closeSync, openSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { giveTurn } from '../turns.ts';
import { findManifestFiles } from './folder.ts';

export interface Stock {
  /** Every file, manifest or not, by its path below the folder: it differs once one was written, touched or replaced. */
  files: ReadonlyMap<string, string>;
  /** The real path of every folder, with which folder that is. */
  folders: ReadonlyMap<string, string>;
  /** What has to be asked now and then, since no notification is sure to tell: folders and links, by path. */
  ways: ReadonlyMap<string, string>;
  /** Folders of which nobody knows what they hold. */
  unreadable: readonly string[];
}

export const nothing: Stock = { files: new Map(), folders: new Map(), ways: new Map(), unreadable: [] };

export async function takeStock(folder: string): Promise<Stock> {
  const found = await findManifestFiles(folder);
  const stock = {
    files: new Map<string, string>(),
    folders: new Map<string, string>(),
    ways: new Map<string, string>(),
    unreadable: found.unreadable.map(({ path }) => path),
  };
  for (const path of [...found.files, ...found.others]) {
    await giveTurn();
    stock.files.set(path, identityOf(ask(join(folder, path))));
  }
  for (const { real } of found.folders) stock.folders.set(real, placeOf(ask(real)));
  const folders = found.folders.map(({ path }) => path);
  for (const path of [...folders, ...found.links]) stock.ways.set(path, identityOf(ask(join(folder, path))));
  return stock;
}

/** Paths below the folder of what was added, removed, or is not what it was. */
export function changedFiles(before: Stock, after: Stock): string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].filter((path) => before.files.get(path) !== after.files.get(path));
}

export function hasSameFolders(before: Stock, after: Stock): boolean {
  if (before.folders.size !== after.folders.size) return false;
  return [...after.folders].every(([path, place]) => before.folders.get(path) === place);
}

/** Does any folder or link lead elsewhere since, hold other names, or can be read again? Far cheaper than taking stock. */
export async function hasMoved(folder: string, { ways, unreadable }: Stock): Promise<boolean> {
  if (unreadable.some((path) => canOpen(join(folder, path)))) return true;
  for (const [path, identity] of ways) {
    await giveTurn();
    if (identityOf(ask(join(folder, path))) !== identity) return true;
  }
  return false;
}

function canOpen(folder: string): boolean {
  try {
    closeSync(openSync(folder, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The reason in place of an answer: that too may change. */
function ask(path: string): BigIntStats | string {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function placeOf(answer: BigIntStats | string): string {
  return typeof answer === 'string' ? answer : `${answer.dev}:${answer.ino}`;
}

function identityOf(answer: BigIntStats | string): string {
  if (typeof answer === 'string') return answer;
  return `${placeOf(answer)}:${answer.size}:${answer.mtimeNs}:${answer.ctimeNs}`;
}
