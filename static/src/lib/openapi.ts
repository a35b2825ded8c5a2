// As much of OpenAPI 3.1 as the gateway's own description uses.

export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
};
type Content = Record<string, { schema?: Schema }>;
export type Operation = {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: Schema;
  }[];
  requestBody?: { required?: boolean; content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
  security?: unknown[];
};
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; summary?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};
export type Route = { method: string; path: string; operation: Operation };

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

export function routesByTag(document: OpenApi): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const [path, item] of Object.entries(document.paths))
    for (const method of methods) {
      const operation = item[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? 'Other';
      groups.set(tag, [
        ...(groups.get(tag) ?? []),
        { method: method.toUpperCase(), path, operation },
      ]);
    }
  return groups;
}

export function refName(schema: Schema): string {
  return schema.$ref?.replace('#/components/schemas/', '') ?? '';
}

export function resolve(document: OpenApi, schema: Schema): Schema {
  const name = refName(schema);
  return name ? (document.components?.schemas?.[name] ?? {}) : schema;
}

/** A schema's type in a few words, such as `list of Voice`. */
export function typeText(schema: Schema): string {
  const name = refName(schema);
  if (name) return name;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.map(typeText).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === 'array') return schema.items ? `list of ${typeText(schema.items)}` : 'list';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything');
}

/** What a value is held to. */
export function limitsText(schema: Schema): string {
  const parts: string[] = [];
  const range = (low: number | undefined, high: number | undefined, what: string) => {
    if (low !== undefined && high !== undefined) parts.push(`${low} to ${high}${what}`);
    else if (low !== undefined) parts.push(`at least ${low}${what}`);
    else if (high !== undefined) parts.push(`at most ${high}${what}`);
  };
  if (schema.enum) parts.push(schema.enum.map(String).join(', '));
  if (schema.exclusiveMinimum !== undefined) parts.push(`above ${schema.exclusiveMinimum}`);
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  return parts.join('; ');
}

/** Fields of an object, or of a list's items; `allOf` counts as one. */
export function fieldsOf(
  document: OpenApi,
  schema: Schema,
): { name: string; required: boolean; schema: Schema }[] {
  const whole = resolve(document, schema);
  if (whole.items) return fieldsOf(document, whole.items);
  if (whole.allOf) return whole.allOf.flatMap((part) => fieldsOf(document, part));
  return Object.entries(whole.properties ?? {}).map(([name, field]) => ({
    name,
    required: whole.required?.includes(name) ?? false,
    schema: field,
  }));
}
