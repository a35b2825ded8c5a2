// What the gateway answers. Fields that a backend adds on its own are optional here.

export type Percentiles = { p50: number; p95: number; p99: number };
export type HealthStatus = 'healthy' | 'busy' | 'unhealthy' | 'unknown';
export type Circuit = 'closed' | 'open' | 'half_open';

export type Session = {
  instance: string;
  version: string;
  gate: 'token' | 'loopback';
  expires_at: number | null;
  feed_mode: 'live' | 'mock';
  bus_mode: 'local' | 'redis' | 'caf';
};

export type Sample = {
  at: number;
  requests: number;
  client_errors: number;
  server_errors: number;
  left: number;
  in_flight: number;
  duration_ms: Percentiles | null;
  first_token_ms: Percentiles | null;
};
export type RouteSummary = Sample & { route: string };

export type HealthCheck = {
  at: number;
  status: HealthStatus;
  reason: string;
  latency_ms: number | null;
};
export type BackendHealth = {
  name: string;
  title: string;
  status: HealthStatus;
  reason: string;
  circuit: Circuit | null;
  latency_ms: number | null;
  history: HealthCheck[];
};

export type Overview = {
  instance: string;
  version: string;
  now: number;
  uptime_seconds: number;
  ready: boolean;
  draining: boolean;
  in_flight: number;
  connections: number;
  interval_seconds: number;
  samples: Sample[];
  routes: RouteSummary[];
  backends: BackendHealth[];
};

export type BackendState = {
  name: string;
  title: string;
  type: string;
  url: string;
  status: HealthStatus;
  reason: string;
  checked_at: number | null;
  latency_ms: number | null;
  circuit: Circuit;
  open_for_ms: number;
  in_flight: number;
  permits: { limit: number; in_use: number; waiting: number };
  resolved: boolean;
  addresses: string[];
  pool: { idle: number };
  attempts: number;
  failures: number;
  last_error: { at: number; what: string } | null;
  peers: { instance: string; circuit: Circuit; healthy: boolean }[];
};
export type Backends = { backends: BackendState[] };
export type BackendTest = {
  backend: string;
  url: string;
  ok: boolean;
  steps: { what: string; ok: boolean; status: number | null; ms: number | null; said: string }[];
};

export type RouteGroup = { title: string; routes: { method: string; path: string }[] };
export type BackendRoutes = Record<string, { title: string; groups: RouteGroup[] }>;

export type InFlightRequest = {
  id: string;
  method: string;
  path: string;
  route: string;
  backend: string;
  client: string;
  age_ms: number;
  bytes_in: number;
  bytes_out: number;
  state: 'receiving' | 'waiting' | 'answering';
};
export type InFlight = { requests: InFlightRequest[]; total: number };

export type TracedAttempt = {
  deployment: string;
  end: 'good' | 'failed' | 'broken' | 'left' | 'full' | 'shut';
  outcome: string;
  row: number | null;
  status: number | null;
  ms: number;
  next: string | null;
};

export type Deployment = {
  id: string;
  backend: string;
  model: string;
  tier: number;
  weight: number;
  share: number;
  state: 'ready' | 'full' | 'half_open' | 'no_address' | 'shut' | 'drained';
  reason: string;
  trouble: string | null;
  kind: string | null;
  found_by: string | null;
  retry_in_seconds: number | null;
  loaded: 'unknown' | 'loaded' | 'loading' | 'cold' | 'cold_evicts';
  in_flight: number;
  queue: number;
  first_token_ms: number | null;
  success: number;
  requests: number;
  attempts: number;
  failures: number;
  tokens_in: number;
  tokens_out: number;
  last_error: { at: number; what: string } | null;
  context: number | null;
  capabilities: string[];
  limits: { rpm: number | null; tpm: number | null; requests: number | null };
  headroom: number;
};
export type CatalogName = {
  name: string;
  aliases: string[];
  hidden: boolean;
  strategy: string;
  affinity: string;
  recent_requests: number;
  fallbacks: { any: string[]; context: string[]; policy: string[] };
  deployments: Deployment[];
};
export type Catalog = { names: CatalogName[]; total: number };

export type Outcome = 'good' | 'client_error' | 'server_error' | 'left';
export type FinishedRequest = {
  id: string;
  ended_at: number;
  method: string;
  path: string;
  route: string;
  model: string;
  backend: string;
  client: string;
  status: number;
  outcome: Outcome;
  detail: string;
  stream: string;
  attempts: number;
  deployment: string;
  trace: TracedAttempt[] | null;
  duration_ms: number;
  overhead_ms: number;
  first_byte_ms: number | null;
  bytes_in: number;
  bytes_out: number;
  prompt_tokens: number | null;
  completion_tokens: number | null;
};
export type Finished = {
  requests: FinishedRequest[];
  matching: number;
  kept: number;
  routes: string[];
  backends: string[];
  models: string[];
};

export type ActiveConfig = {
  file: string;
  started_at: number;
  settings: string;
  environment: string;
  reloads: { at: number; result: 'applied' | 'rejected'; problems: string[] }[];
};

export type Member = {
  instance: string;
  self: boolean;
  address: string;
  state: 'up' | 'connecting' | 'down' | 'refused';
  version: string;
  since: number | null;
  last_seen_ms: number | null;
  round_trip_ms: number | null;
  reason: string;
  backends: { name: string; circuit: Circuit; healthy: boolean }[];
};
export type Cluster = { instance: string; bus_mode: string; members: Member[] };

export type ProfileValue = string | number;
export type ModelEntry = {
  id: string;
  context_length?: number;
  source?: string;
  owned_by?: string;
  status?: {
    value?: string;
    failed?: boolean;
    exit_code?: number;
    args?: string[];
    progress?: unknown;
    synapse_profile?: Record<string, ProfileValue>;
    synapse_defaults?: Record<string, ProfileValue>;
    /** Why it is not there yet, while somebody waits for it. */
    synapse_waits_for?: { what: string; model?: string; requests?: number; text: string };
  };
};
export type ModelList = { data: ModelEntry[] };

export type SchemaField = {
  name: string;
  label: string;
  type: 'string' | 'number' | 'integer' | 'enum';
  min?: number;
  max?: number;
  step?: number;
  choices?: string[];
  default: ProfileValue;
  applies_at: 'generation' | 'load';
  description: string;
};
export type ModelSchema = { model: string; family: string; fields: SchemaField[]; notes: string[] };
export type ModelProfile = { model: string; family: string; values: Record<string, ProfileValue> };
export type AppliedProfile = ModelProfile & {
  success: boolean;
  load: { requested: boolean; success: boolean; status_code?: number; detail?: string };
};

export type Voice = {
  voice_id: string;
  name: string;
  created_at?: string | number;
  references_count: number;
  references: string[];
};
export type Language = { code: string; name: string };

export type Transcription = {
  text: string;
  language?: string;
  language_probability?: number;
  duration?: number;
  segments?: { id: number; text: string; start: number; end: number }[];
};
export type Diarization = {
  num_speakers?: number;
  duration?: number;
  segments: { speaker: string; start: number; end: number }[];
};

export type LogLine = {
  ts: string | number;
  source: string;
  level: string;
  message: string;
  instance: string;
};
