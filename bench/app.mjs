// The app that the benchmark's recipes install: it fills its volume at its first start, and answers.
//
//   FILES: n   how many files the volume is filled with     FILE_BYTES: n   how large each is
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { PORT, VOLUME_DATA, FILES = '3', FILE_BYTES = '1024' } = process.env;

for (let index = 0; index < Number(FILES); index++) {
  const file = join(VOLUME_DATA, `file-${index}`);
  if (!existsSync(file)) writeFileSync(file, Buffer.alloc(Number(FILE_BYTES), index));
}
const server = createServer((request, response) => response.end('ok\n'));
server.listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
