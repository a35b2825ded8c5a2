import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { getJson, isAbort } from './api';
import type { BackendRoutes } from './types';

/** `at`: when `data` came, milliseconds since 1970. */
export type Polled<T> = { data: T | null; at: number; error: unknown; refresh: () => void };

/**
 * Asks again and again, the next time a while after the last answer, and never while the tab is
 * hidden. What was known stays when an answer fails; `error` says that it is old.
 */
export function usePoll<T>(
  load: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
): Polled<T> {
  const [data, setData] = useState<T | null>(null);
  const [at, setAt] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const latest = useRef(load);
  latest.current = load;
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    let timer = 0;
    let current: AbortController | null = null;
    const run = async () => {
      window.clearTimeout(timer);
      current?.abort();
      const control = new AbortController();
      current = control;
      try {
        const answer = await latest.current(control.signal);
        if (control.signal.aborted) return;
        setData(answer);
        setAt(Date.now());
        setError(null);
      } catch (failure) {
        if (control.signal.aborted || isAbort(failure)) return;
        setError(failure);
      }
      if (!document.hidden) timer = window.setTimeout(run, intervalMs);
    };
    const onVisibility = () => {
      if (document.hidden) window.clearTimeout(timer);
      else void run();
    };
    again.current = () => void run();
    document.addEventListener('visibilitychange', onVisibility);
    void run();
    return () => {
      window.clearTimeout(timer);
      current?.abort();
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [intervalMs]);

  const refresh = useCallback(() => again.current(), []);
  return { data, at, error, refresh };
}

export type Action = {
  busy: boolean;
  error: unknown;
  run: (work: (signal: AbortSignal) => Promise<void>) => Promise<boolean>;
  stop: () => void;
  clear: () => void;
};

/** One thing at a time that a person asked for; stopped when its page is left. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);

  const run = useCallback(async (work: (signal: AbortSignal) => Promise<void>) => {
    current.current?.abort();
    const control = new AbortController();
    current.current = control;
    setBusy(true);
    setError(null);
    try {
      await work(control.signal);
      return true;
    } catch (failure) {
      if (!isAbort(failure)) setError(failure);
      return false;
    } finally {
      if (current.current === control) {
        current.current = null;
        setBusy(false);
      }
    }
  }, []);
  const stop = useCallback(() => current.current?.abort(), []);
  const clear = useCallback(() => setError(null), []);
  return { busy, error, run, stop, clear };
}

/** The part of the address behind #/, split at slashes. */
export function useRoute(): string[] {
  const read = () => location.hash.replace(/^#\/?/, '').split('/').map(safeDecode).filter(Boolean);
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const onChange = () => setRoute(read());
    window.addEventListener('hashchange', onChange);
    return () => window.removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a hand-written address with a stray percent sign
  }
}

/** Which routes have a backend, such as `POST /v1/chat/completions`. */
export async function servedRoutes(signal: AbortSignal): Promise<Set<string>> {
  const known = await getJson<BackendRoutes>('/api/backend-routes', signal);
  const routes = Object.values(known).flatMap((one) => one.groups.flatMap((group) => group.routes));
  return new Set(routes.map((route) => `${route.method} ${route.path}`));
}

/** The same; null until it is known. */
export function useServed(): Set<string> | null {
  return usePoll(servedRoutes, 60_000).data;
}

/** An address for a blob, given back when another one takes its place or the page is left. */
export function useBlobUrl(blob: Blob | null): string {
  const [url, setUrl] = useState('');
  useEffect(() => {
    if (!blob) {
      setUrl('');
      return;
    }
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
