/** Durations and sizes as people read them. */

/** `4.1s`, `3m10s`, `2h05m`, `6d03h`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86400),
  ];
  if (hours < 1) return `${minutes}m${twoDigits(Math.floor(seconds) % 60)}s`;
  if (days < 1) return `${hours}h${twoDigits(minutes % 60)}m`;
  return `${days}d${twoDigits(hours % 24)}h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** How many things, and how much together, of those that were measured. */
export function sum(things: readonly { bytes: number | null }[]): string {
  const bytes = things.reduce((total, thing) => total + (thing.bytes ?? 0), 0);
  return `${things.length} ${things.length === 1 ? 'thing' : 'things'}, ${size(bytes)}`;
}
