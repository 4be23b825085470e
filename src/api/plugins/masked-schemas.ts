import { maskOf } from '../masks.ts';
import { ACCESS, type OperationId, type Role } from '../roles.ts';

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function childOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** Fields that the mask of some role of an operation takes out of its answers, whatever the tenant's settings. */
function maskedIn(operationId: unknown): ReadonlySet<string> {
  if (typeof operationId !== 'string' || !Object.hasOwn(ACCESS, operationId)) return new Set();
  // Own keys of ACCESS are operation ids, as just checked.
  const roles: readonly Role[] = ACCESS[operationId as OperationId];
  return new Set(roles.flatMap((role) => [...(maskOf(role, { coderSeesRaf: false }) ?? [])]));
}

/** Names of components that a part of the document reaches by reference. */
function referred(document: Json, from: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (!isObject(from)) return found;
  const { $ref: ref } = from;
  const name = typeof ref === 'string' ? (ref.split('/').at(-1) ?? '') : null;
  if (name !== null && !found.has(name)) {
    found.add(name);
    referred(document, childOf(childOf(document.components, 'schemas'), name), found);
  }
  for (const inner of Object.values(from)) referred(document, inner, found);
  return found;
}

/** A schema in which the named fields may be absent. */
function relaxed(schema: unknown, fields: ReadonlySet<string>): unknown {
  if (Array.isArray(schema)) return schema.map((inner) => relaxed(inner, fields));
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'required' && Array.isArray(value)
        ? value.filter((name) => !fields.has(name))
        : relaxed(value, fields),
    ]),
  );
}

/**
 * The document as every role finds it to be: a field that a role's mask takes away is not `required` in the answers
 * that the role can get. Requests, and components that requests share, stay as they are.
 */
export function withMaskedFields<T extends object>(document: T): T {
  const whole = document as unknown as Json;
  const operations = Object.values(whole.paths ?? {}).flatMap((methods) => Object.values(methods as Json));
  const asked = new Set(
    operations.flatMap((operation) => [...referred(whole, childOf(operation, 'requestBody'))]),
  );
  const masks = new Map<string, Set<string>>();
  for (const operation of operations) {
    const fields = maskedIn(childOf(operation, 'operationId'));
    for (const name of referred(whole, childOf(operation, 'responses'))) {
      if (asked.has(name)) continue;
      masks.set(name, new Set([...(masks.get(name) ?? []), ...fields]));
    }
  }
  const paths = Object.fromEntries(
    Object.entries(whole.paths ?? {}).map(([url, methods]) => [
      url,
      Object.fromEntries(
        Object.entries(methods as Json).map(([method, operation]) => [
          method,
          isObject(operation)
            ? {
                ...operation,
                responses: relaxed(operation.responses, maskedIn(operation.operationId)),
              }
            : operation,
        ]),
      ),
    ]),
  );
  const schemas = Object.fromEntries(
    Object.entries((childOf(whole.components, 'schemas') ?? {}) as Json).map(([name, schema]) => [
      name,
      relaxed(schema, masks.get(name) ?? new Set()),
    ]),
  );
  return { ...document, paths, components: { ...(whole.components as Json), schemas } };
}
