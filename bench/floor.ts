/**
 * The floor: what exchanging the bytes takes, and nothing else. One request for each recipe over kept-alive connections,
 * as many at a time as a pass makes; the answers are read and thrown away.
 *
 *   node floor.js RECORDING CONCURRENCY     the addresses of the repositories are read from standard input
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Recording } from './recording.ts';

const [recordingFile = '', concurrency = ''] = process.argv.slice(2);
const recording: Recording = JSON.parse(readFileSync(recordingFile, 'utf8'));
const urls = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const body = Buffer.from(recording.request, 'base64');
const agent = new Agent({ keepAlive: true, maxSockets: Number(concurrency) });
const headers = {
  'content-type': 'application/x-git-upload-pack-request',
  'git-protocol': 'version=2',
  'content-length': body.length,
};

async function exchange(url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const asked = request(`${url}/git-upload-pack`, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
      response
        .on('data', () => undefined)
        .on('end', resolve)
        .on('error', reject);
    });
    asked.on('error', reject).end(body);
  });
}

const queue = urls.values();
async function work(): Promise<void> {
  for (const url of queue) await exchange(url);
}
await Promise.all(Array.from({ length: Number(concurrency) }, work));
agent.destroy();
