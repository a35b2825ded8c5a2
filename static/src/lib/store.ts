// State that outlives the page that shows it: kept for as long as the browser's tab lasts, also over
// a login or a reload.

import { useCallback, useEffect, useState } from 'preact/hooks';

const prefix = 'synapse:';
const known = new Map<string, unknown>();
const listeners = new Map<string, Set<() => void>>();

export function readStored<T>(key: string, initial: T): T {
  if (known.has(key)) return known.get(key) as T;
  let value = initial;
  try {
    const text = sessionStorage.getItem(prefix + key);
    if (text !== null) value = JSON.parse(text) as T;
  } catch {
    // no storage, or somebody else's text in it: as if there were nothing
  }
  known.set(key, value);
  return value;
}

/** `undefined` forgets the value. */
export function writeStored<T>(key: string, value: T | undefined): void {
  if (value === undefined) known.delete(key);
  else known.set(key, value);
  try {
    if (value === undefined) sessionStorage.removeItem(prefix + key);
    else sessionStorage.setItem(prefix + key, JSON.stringify(value));
  } catch {
    // full or forbidden: it stays in memory
  }
  for (const tell of listeners.get(key) ?? []) tell();
}

function onStored(key: string, tell: () => void): () => void {
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all);
  all.add(tell);
  return () => all.delete(tell);
}

/** As useState, but the value is there again when the page is. */
export function useStored<T>(key: string, initial: T): [T, (value: T) => void] {
  const [, draw] = useState(0);
  useEffect(() => onStored(key, () => draw((count) => count + 1)), [key]);
  const set = useCallback((value: T) => writeStored(key, value), [key]);
  return [readStored(key, initial), set];
}
