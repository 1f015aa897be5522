/** A process of its own that serves a recording: `node serve-recorded.js FILE`, forked, says its origin when it listens. */
import { readFileSync } from 'node:fs';
import { originOf } from './origin.ts';
import { recordedServer } from './recorded-server.ts';
import type { Recording } from './recording.ts';

const [file = ''] = process.argv.slice(2);
const recording: Recording = JSON.parse(readFileSync(file, 'utf8'));
const server = recordedServer(recording);
server.listen(0, '127.0.0.1', () => process.send?.(originOf(server)));
process.on('disconnect', () => process.exit());
