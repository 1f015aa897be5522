/**
 * TCP ports for apps, without races. The range lies outside the one that the kernel takes outgoing ports from. Within
 * it, whoever listens on the abstract unix socket named after a port has that port: the kernel lets only one, and
 * frees it at the owner's death, so there is no file to be left behind. Then the port itself is tried.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

export interface LeasedPort {
  port: number;
  release(): Promise<void>;
}

const LOWEST = 20_000;
const HIGHEST = 65_535;

export async function leasePort(): Promise<LeasedPort> {
  const [from, to] = usableRange();
  const start = from + Math.floor(Math.random() * (to - from));
  for (let tried = 0; tried < to - from; tried++) {
    const port = from + ((start - from + tried) % (to - from));
    const owner = await listen({ path: `\0recipe-reconciler/port/${port}` });
    if (owner === null) continue;
    if (await isFree(port)) return { port, release: () => close(owner) };
    await close(owner);
  }
  throw new Error(`no port between ${from} and ${to} is free`);
}

/** Below the kernel's own range where there is room, otherwise above it. */
function usableRange(): [number, number] {
  const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const [low = 32_768, high = 60_999] = text.trim().split(/\s+/).map(Number);
  if (low - LOWEST >= 1000) return [LOWEST, low];
  if (HIGHEST - high >= 1000) return [high + 1, HIGHEST];
  return [1024, Math.max(low, 1025)];
}

/** Apps may bind any of these, so all must be free. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
    const server = await listen({ port, host, exclusive: true });
    if (server === null) return false;
    await close(server);
  }
  return true;
}

/** Null where somebody else has it. An address family that this machine lacks is nobody's. */
function listen(
  where: { path: string } | { port: number; host: string; exclusive: boolean },
): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      const code = 'code' in error ? error.code : null;
      if (code === 'EADDRINUSE') resolve(null);
      else if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL') resolve(server);
      else reject(error);
    });
    server.listen(where, () => resolve(server.unref()));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
