/** Files to the documents that stand in them. */
import { isUtf8 } from 'node:buffer';
import { dirname, resolve } from 'node:path';
import { readYaml } from './document.ts';
import { readContents, unreadableFile, type Contents, type SourceFile } from './source-file.ts';

export async function readSourceFile(path: { file: string; label: string }): Promise<SourceFile> {
  const read = await readContents(path);
  return 'bytes' in read ? sourceIn(read) : read;
}

export function sourceIn({ file, label, bytes }: Contents): SourceFile {
  const path = { file, label };
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (!isUtf8(bytes)) return unreadableFile(path, 'cannot read the file: it is not UTF-8 text');
  const { documents, flaws } = readYaml(text);
  return {
    ...path,
    folder: dirname(resolve(file)),
    text,
    documents,
    problems: flaws.map(({ at, message }) => ({ file, ...at, message })),
  };
}
