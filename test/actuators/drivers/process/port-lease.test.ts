import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { leasePort } from '../../../../src/actuators/drivers/process/port-lease.ts';

const leasesOf = (port: number): number =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`/port/${port}`)).length;

it('leases ports that the kernel gives to nobody by itself, each only once', async () => {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  const leases = await Promise.all(Array.from({ length: 50 }, () => leasePort()));
  const ports = leases.map(({ port }) => port);
  expect(new Set(ports).size).toBe(50);
  for (const port of ports) expect(port < (range[0] ?? 0) || port > (range[1] ?? 0)).toBe(true);
  await Promise.all(leases.map((lease) => lease.release()));
});

it('passes over a port that is leased, until it is given back', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const first = await leasePort();
  const second = await leasePort();
  expect(second.port).toBe(first.port + 1);
  await first.release();
  const third = await leasePort();
  expect(third.port).toBe(first.port);
  await Promise.all([second.release(), third.release()]);
});

it.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
  'passes over a port that somebody listens on at %s',
  async (host) => {
    vi.spyOn(Math, 'random').mockReturnValue(0.6);
    const lease = await leasePort();
    await lease.release();
    const somebody = createServer().listen(lease.port, host);
    await once(somebody, 'listening');
    const next = await leasePort();
    expect(next.port).not.toBe(lease.port);
    // What was leased for a moment, and found taken, is not held.
    expect(leasesOf(lease.port)).toBe(0);
    somebody.close();
    await next.release();
  },
);

it('is known to other processes, and freed at the death of the holder', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.7);
  const lease = await leasePort();
  const listens = `require('net').createServer().on('error', (e) => console.log(e.code))
    .listen({ path: '\\0recipe-reconciler/port/${lease.port}' }, () => { console.log('leased'); process.kill(process.pid, 'SIGKILL'); })`;
  const other = async (): Promise<string> =>
    await promisify(execFile)(process.execPath, ['-e', listens]).then(
      ({ stdout }) => stdout.trim(),
      ({ stdout }: { stdout: string }) => stdout.trim(),
    );
  expect(await other()).toBe('EADDRINUSE');
  await lease.release();
  expect(await other()).toBe('leased');
  expect(await other()).toBe('leased');
});
