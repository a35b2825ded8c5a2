// Numbers and times as people read them.

export function duration(ms: number): string {
  if (ms === 0) return '0 ms';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** As few digits as tell all marks of an axis apart. */
function digitsOf(marks: number[]): number {
  for (let digits = 0; digits < 3; digits += 1) {
    const scale = 10 ** digits;
    if (marks.every((mark) => Math.abs(mark * scale - Math.round(mark * scale)) < 1e-6))
      return digits;
  }
  return 3;
}

function marked(marks: number[], unitSize: number, unit: string): string[] {
  const values = marks.map((mark) => mark / unitSize);
  const digits = digitsOf(values);
  return values.map((value) => `${number(value, digits)}${unit}`);
}

/** Marks of one axis, all in the unit that suits the largest; of milliseconds. */
export function durationMarks(marks: number[]): string[] {
  const most = Math.max(0, ...marks);
  if (most < 1000) return marked(marks, 1, ' ms');
  return most < 120_000 ? marked(marks, 1000, ' s') : marked(marks, 60_000, ' min');
}

export function rateMarks(marks: number[]): string[] {
  return marked(marks, 1, '/s');
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** A time that may be seconds, milliseconds or a text, as a clock with milliseconds. */
export function logTime(ts: string | number): string {
  const at = new Date(typeof ts === 'number' && ts < 1e11 ? ts * 1000 : ts);
  if (Number.isNaN(at.getTime())) return String(ts);
  return `${at.toLocaleTimeString('en-GB')}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

export function dateTime(value: string | number | undefined): string {
  if (value === undefined) return '';
  const at = new Date(typeof value === 'number' && value < 1e11 ? value * 1000 : value);
  return Number.isNaN(at.getTime())
    ? String(value)
    : at.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

export function seconds(value: number): string {
  const minutes = Math.floor(value / 60);
  return `${minutes}:${(value - minutes * 60).toFixed(1).padStart(4, '0')}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}
