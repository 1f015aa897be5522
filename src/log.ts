/** Logs: constant messages with fields, JSON for machines and plain lines for people, always to standard error. */
import { pino, type Logger as PinoLogger } from 'pino';
import { Writable } from 'node:stream';

export type Logger = PinoLogger;
type LogFormat = 'json' | 'pretty';

export interface LogOptions {
  level: string;
  format: LogFormat;
  color: boolean;
  /** Where lines go; the live progress puts itself between. */
  write: (text: string) => void;
}

/** What JSON leaves as it is, and a terminal would obey. */
const UNSEEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export async function makeLogger({ level, format, color, write: writeTo }: LogOptions): Promise<Logger> {
  const write = (text: string): void => writeTo(text.replaceAll(UNSEEN, asNumber));
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  if (format === 'json') return pino(options, { write });
  const { default: pretty } = await import('pino-pretty');
  const lines = pretty({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    destination: writable(write),
  });
  return pino(options, lines);
}

function asNumber(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function writable(write: (text: string) => void): Writable {
  return new Writable({
    write: (chunk: unknown, _encoding, done) => {
      write(String(chunk));
      done();
    },
  });
}
