import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { getJson } from '../lib/api';
import { usePoll } from '../lib/hooks';
import {
  fieldsOf,
  limitsText,
  type OpenApi,
  type Route,
  routesByTag,
  type Schema,
  typeText,
} from '../lib/openapi';
import { Card, Empty, ErrorNote, Loading, Page, SearchField } from '../parts/ui';

const maxDepth = 4; // schemas may contain themselves

function SchemaView({
  document,
  schema,
  depth = 0,
}: {
  document: OpenApi;
  schema: Schema;
  depth?: number;
}): JSX.Element | null {
  const fields = fieldsOf(document, schema);
  if (fields.length === 0 || depth > maxDepth) return null;
  return (
    <ul class="schema">
      {fields.map((field) => (
        <li key={field.name}>
          <code class="field-name">{field.name}</code>{' '}
          <span class="muted small">{typeText(field.schema)}</span>
          {field.required && <span class="tag">required</span>}
          {field.schema.description && <span class="small"> {field.schema.description}</span>}
          {limitsText(field.schema) && (
            <span class="muted small"> ({limitsText(field.schema)})</span>
          )}
          <Nested document={document} schema={field.schema} name={field.name} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

/** What is inside of a field, shown when it is asked for. */
function Nested({
  document,
  schema,
  name,
  depth,
}: {
  document: OpenApi;
  schema: Schema;
  name: string;
  depth: number;
}): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const inner = fieldsOf(document, schema);
  if (inner.length === 0 || depth >= maxDepth) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {inner.length} {inner.length === 1 ? 'field' : 'fields'}
        <span class="visually-hidden"> of {name}</span>
      </summary>
      {open && <SchemaView document={document} schema={schema} depth={depth + 1} />}
    </details>
  );
}

function Body({
  document,
  title,
  content,
}: {
  document: OpenApi;
  title: string;
  content: Record<string, { schema?: Schema }>;
}): JSX.Element {
  return (
    <>
      {Object.entries(content).map(([media, { schema }]) => (
        <div key={media} class="body">
          <p>
            <strong>{title}</strong> <code>{media}</code>{' '}
            {schema && <span class="muted small">{typeText(schema)}</span>}
          </p>
          {schema && <SchemaView document={document} schema={schema} />}
        </div>
      ))}
    </>
  );
}

function OperationBody({ document, route }: { document: OpenApi; route: Route }): JSX.Element {
  const { parameters = [], requestBody, responses = {}, description } = route.operation;
  return (
    <div class="operation-body">
      {description && <p>{description}</p>}
      {parameters.length > 0 && (
        <>
          <p>
            <strong>Parameters</strong>
          </p>
          <ul class="schema">
            {parameters.map((parameter) => (
              <li key={parameter.name}>
                <code class="field-name">{parameter.name}</code>{' '}
                <span class="muted small">in {parameter.in}</span>
                {parameter.required && <span class="tag">required</span>}
                {parameter.description && <span class="small"> {parameter.description}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {requestBody?.content && (
        <Body document={document} title="Request" content={requestBody.content} />
      )}
      {Object.entries(responses).map(([status, response]) =>
        status.startsWith('2') && response.content ? (
          <Body
            key={status}
            document={document}
            title={`Answer ${status}`}
            content={response.content}
          />
        ) : (
          <p key={status} class="small">
            <code>{status}</code> {response.description}
          </p>
        ),
      )}
    </div>
  );
}

function RouteView({ document, route }: { document: OpenApi; route: Route }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details class="operation" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class={`method ${route.method.toLowerCase()}`}>{route.method}</span>{' '}
          <code>{route.path}</code>
          <span class="muted summary-text">{route.operation.summary}</span>
        </summary>
        {open && <OperationBody document={document} route={route} />}
      </details>
    </li>
  );
}

/** In the dashboard, and at /docs. */
export function ApiDocs(): JSX.Element {
  const { data, error } = usePoll((signal) => getJson<OpenApi>('/openapi.json', signal), 600_000);
  const [search, setSearch] = useState('');
  const groups = useMemo(() => (data ? [...routesByTag(data)] : []), [data]);
  const wanted = search.trim().toLowerCase();
  const shown = groups
    .map(
      ([tag, routes]) =>
        [
          tag,
          routes.filter((route) =>
            `${route.method} ${route.path} ${route.operation.summary ?? ''}`
              .toLowerCase()
              .includes(wanted),
          ),
        ] as const,
    )
    .filter(([, routes]) => routes.length > 0);
  return (
    <Page
      title="API docs"
      lead={
        data ? (
          <>
            {data.info.summary ?? data.info.title}, version {data.info.version}. The same as a
            machine reads it: <a href="/openapi.json">OpenAPI {data.openapi}</a>.
          </>
        ) : (
          'What the gateway offers'
        )
      }
    >
      <ErrorNote error={error} />
      {!data && !error && <Loading what="the description" />}
      {data && (
        <div class="toolbar">
          <SearchField value={search} onChange={setSearch} />
        </div>
      )}
      {data && shown.length === 0 && <Empty>No route matches.</Empty>}
      {data &&
        shown.map(([tag, routes]) => (
          <Card key={tag} title={tag}>
            <ul class="operations">
              {routes.map((route) => (
                <RouteView key={`${route.method} ${route.path}`} document={data} route={route} />
              ))}
            </ul>
          </Card>
        ))}
    </Page>
  );
}
