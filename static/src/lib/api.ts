// Requests to the gateway: one place for errors, for the header that proves that a request comes
// from this page, and for the way back to the login.

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly requestId: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type Options = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  json?: unknown;
  form?: FormData;
  signal?: AbortSignal | undefined;
};

const loginPage = '/dashboard/login';

/** The login leads back to the section whose address it is given. */
export function goToLogin(): void {
  location.assign(loginPage + location.hash);
}

/** Ends the session, then shows the login page. */
export async function logOut(): Promise<void> {
  await request('/dashboard/logout', { method: 'POST' });
  location.assign(loginPage);
}

/** Whether the gateway could not be reached at all. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.status === 0;
}

/** Whether whoever was asked has no such route. */
export function isUnserved(error: unknown): boolean {
  return error instanceof ApiError && [404, 405, 501].includes(error.status);
}

// `detail` is a text, or with 422 a list of what is wrong where.
function detailText(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return '';
  return detail
    .map((one: { loc?: unknown[]; msg?: string }) => {
      const where = (one.loc ?? []).filter((part) => part !== 'body').join('.');
      return where ? `${where}: ${one.msg ?? ''}` : (one.msg ?? '');
    })
    .join('; ');
}

/** What an error's body says, in any of the gateway's and the backends' forms. */
export function errorText(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { detail, error } = body as { detail?: unknown; error?: unknown };
  const said = detailText(detail);
  if (typeof error === 'string') return said ? `${error}: ${said}` : error;
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown };
    if (typeof message === 'string') return message;
  }
  return said;
}

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  let said = '';
  try {
    said = errorText(JSON.parse(text));
  } catch {
    said = text.slice(0, 300);
  }
  const wait = response.headers.get('Retry-After');
  const retry = wait && /^\d+$/.test(wait) ? ` Try again in ${wait} s.` : '';
  return new ApiError(
    `${said || response.statusText || 'The request failed'} (${response.status})${retry}`,
    response.status,
    response.headers.get('X-Request-Id') ?? '',
  );
}

/** Sends a request; an answer that is no success becomes an ApiError. */
export async function request(path: string, options: Options = {}): Promise<Response> {
  const { method = 'GET', json, form, signal } = options;
  const isOurs =
    path.startsWith('/api/') || path.startsWith('/dashboard/') || path === '/cluster';
  const headers: Record<string, string> = {};
  if (json !== undefined) headers['Content-Type'] = 'application/json';
  if (isOurs && method !== 'GET') headers['X-Synapse-Dashboard'] = '1';
  const init: RequestInit = { method, headers, cache: 'no-store' };
  if (json !== undefined) init.body = JSON.stringify(json);
  if (form) init.body = form;
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('The gateway does not answer', 0, '');
  }
  if (response.status === 401 && isOurs) goToLogin();
  if (!response.ok) throw await failure(response);
  return response;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, { signal })).json() as Promise<T>;
}

export async function sendJson<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  json?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  return (await request(path, { method, json, signal })).json() as Promise<T>;
}

export async function sendForm<T>(path: string, form: FormData, signal?: AbortSignal): Promise<T> {
  return (await request(path, { method: 'POST', form, signal })).json() as Promise<T>;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
