// Which models there are: the router's own list where there is a router, else what the backends list.

import { getJson, isUnserved, messageOf } from './api';
import { type Polled, servedRoutes, usePoll } from './hooks';
import type { ModelEntry, ModelList } from './types';

/** `managed`: the gateway loads and unloads them. `why`: what kept it from asking a router. */
export type KnownModels = { managed: boolean; models: ModelEntry[]; why: string };

let routerKnown = 0; // when a router was last known to be configured
const askAgainMs = 60_000;

async function listOfBackends(signal: AbortSignal, why: string): Promise<KnownModels> {
  const { data } = await getJson<ModelList>('/v1/models', signal);
  return { managed: false, models: data, why };
}

async function loadModels(signal: AbortSignal): Promise<KnownModels> {
  if (Date.now() - routerKnown > askAgainMs) {
    if (!(await servedRoutes(signal)).has('GET /models')) return listOfBackends(signal, '');
    routerKnown = Date.now();
  }
  try {
    const { data } = await getJson<ModelList>('/models', signal);
    // A server that is no router lists models as well, without their state.
    if (data.length === 0 || data.some((model) => model.status))
      return { managed: true, models: data, why: '' };
    return await listOfBackends(signal, '');
  } catch (error) {
    if (!isUnserved(error)) throw error;
    return listOfBackends(signal, messageOf(error));
  }
}

export function useModels(intervalMs: number): Polled<KnownModels> {
  return usePoll(loadModels, intervalMs);
}
