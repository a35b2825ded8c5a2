// Series of samples, as the charts want them.

import type { Sample } from './types';

const keptSamples = 720; // an hour of five seconds each

/** Adds what is new to what is known: only the first answer brings the whole history. */
export function merge(known: Sample[], fresh: Sample[]): Sample[] {
  const last = known.at(-1)?.at ?? 0;
  return [...known, ...fresh.filter((sample) => sample.at > last)].slice(-keptSamples);
}

/** A route has no samples of steps in which nothing happened to it. */
export function onTimesOf(all: Sample[], some: Sample[]): Sample[] {
  const known = new Map(some.map((sample) => [sample.at, sample]));
  return all.map(
    ({ at }) =>
      known.get(at) ?? {
        at,
        requests: 0,
        client_errors: 0,
        server_errors: 0,
        left: 0,
        in_flight: 0,
        duration_ms: null,
        first_token_ms: null,
      },
  );
}

/** Points without a neighbour: no line leads to them, so they are drawn as dots. */
export function lonePoints(values: (number | null | undefined)[]): number[] {
  const has = (index: number) => values[index] !== null && values[index] !== undefined;
  return values.flatMap((_, i) => (has(i) && !has(i - 1) && !has(i + 1) ? [i] : []));
}
