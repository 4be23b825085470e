import { jsonFault } from '../json/fault-place.ts';
import { readLines } from '../lines.ts';
import type { IntakeInput, IntakeLimits } from '../parser.ts';
import { isObject, isTooDeep, type Json, list, text } from './json.ts';
import { JsonSlicer } from './slices.ts';

/** One resource, or one entry that brings none, as it stands in a file. */
export interface Occurrence {
  readonly kind: 'resource';
  /** Line of NDJSON, entry of a Bundle, or 1. */
  readonly row: number;
  /** JSON pointer to the resource from its line or document. */
  readonly pointer: string;
  readonly resource: Json;
  readonly fullUrl: string | null;
  /** Entry of a transaction that deletes: the address and, when it is said, the instant; `resource` is then empty. */
  readonly deletes: { readonly url: string; readonly at: string | null } | null;
}

/** A piece that is no resource; `whole` means that the rest of the file was not read. */
export interface ReadFault {
  readonly kind: 'fault';
  readonly row: number | null;
  readonly pointer: string | null;
  readonly code: string;
  readonly message: string;
  readonly raw: string | null;
  readonly whole: boolean;
}

/** A bulk export manifest standing among the files. */
export interface ManifestFound {
  readonly kind: 'manifest';
  readonly row: number;
  readonly manifest: Json;
}

export type Read = Occurrence | ReadFault | ManifestFound;

const PEEK_BYTES = 65_536;

/** Bundle.type whose entries state facts; an answer to an interaction, or no type of FHIR, is not read. */
const BUNDLE_TYPES: ReadonlySet<unknown> = new Set([
  'transaction',
  'batch',
  'collection',
  'searchset',
  'history',
  'message',
  'document',
  undefined,
]);
export const BUNDLE_NOT_READ = {
  code: 'bundle_type_not_read',
  message: 'a Bundle of this type states no facts',
} as const;

/**
 * The resources of one file: NDJSON (one resource, Bundle or list a line), a Bundle, a list of resources or a single
 * resource. A file is NDJSON when its first line is a whole JSON value, or its name says so; else it is one document,
 * which is cut into entries as it streams. A bad line or entry is a fault of its own and the next one is read.
 */
export async function* readResources(input: IntakeInput, limits: IntakeLimits): AsyncGenerator<Read> {
  const bounded = boundedBytes(input, limits.fileBytes);
  if (await isLines(input)) yield* readLineFile(bounded, limits);
  else yield* readDocument(bounded, limits);
  if (bounded.exceeded) {
    yield fault({
      code: 'file_too_large',
      message: `the file is larger than ${limits.fileBytes} bytes`,
      whole: true,
    });
  }
}

async function isLines(input: IntakeInput): Promise<boolean> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input.open()) {
    parts.push(chunk.slice(0, PEEK_BYTES));
    length += chunk.length;
    if (length >= PEEK_BYTES) break;
  }
  const head = Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  const [first = '', second = ''] = head.split('\n', 2).map((line) => line.trim());
  if (/\.(ndjson|jsonl)$/i.test(input.file)) return true;
  if (parse(first) !== undefined) return true;
  // A broken first line of NDJSON: the next line is another object, which no pretty-printed document has there.
  return first.startsWith('{') && first.length > 2 && second.startsWith('{"');
}

async function* readLineFile(bytes: AsyncIterable<Uint8Array>, limits: IntakeLimits): AsyncGenerator<Read> {
  for await (const line of readLines(bytes, limits.lineBytes)) {
    const row = line.number;
    if (!line.ok) {
      yield fault({ row, code: line.code, message: line.message, raw: line.raw });
    } else if (line.text.trim() !== '') {
      yield* readValue(line.text, { row, pointer: '', byLine: true });
    }
  }
}

async function* readDocument(bytes: AsyncIterable<Uint8Array>, limits: IntakeLimits): AsyncGenerator<Read> {
  const slicer = new JsonSlicer(limits.lineBytes);
  let elements = 0;
  let seen = false;
  const take = function* (slices: ReturnType<JsonSlicer['push']>): Generator<Read> {
    for (const slice of slices) {
      if (slice.kind === 'fault') {
        yield fault({ code: slice.code, message: slice.message, whole: true });
      } else if (slice.text === null) {
        const row = slice.kind === 'element' ? slice.ordinal : null;
        yield fault({ row, code: 'resource_too_large', message: `longer than ${limits.lineBytes} bytes` });
      } else if (slice.kind === 'element') {
        elements += 1;
        yield* readElement(slice.text, slice.ordinal);
      } else if (elements === 0 || !slice.text.trimStart().startsWith('[')) {
        yield* readRest(slice.text, elements);
      }
    }
  };
  for await (const chunk of bytes) {
    seen ||= chunk.length > 0;
    yield* take(slicer.push(chunk));
  }
  if (seen) yield* take(slicer.finish());
}

/** An entry of a Bundle, or a resource of a list. */
function* readElement(json: string, ordinal: number): Generator<Read> {
  const value = checked(json);
  if (!value.ok) {
    yield fault({
      row: ordinal,
      pointer: `/entry/${ordinal - 1}`,
      code: value.code,
      message: value.message,
      raw: json,
    });
    return;
  }
  if (isObject(value.json) && typeof value.json.resourceType === 'string') {
    yield* unpack(value.json, { row: ordinal, pointer: `/${ordinal - 1}`, byLine: false });
  } else yield* readEntry(value.json, { row: ordinal, pointer: `/entry/${ordinal - 1}`, byLine: false });
}

interface Where {
  readonly row: number;
  readonly pointer: string;
  /** Rows are lines, so entries of a Bundle in a line keep the line's number. */
  readonly byLine: boolean;
  /** When the Bundle around it was put together, as far as that has been read. */
  readonly bundleAt?: string | null;
}

function* readEntry(entry: unknown, where: Where): Generator<Read> {
  const { row, pointer } = where;
  if (!isObject(entry)) {
    yield fault({ row, pointer, code: 'entry_invalid', message: 'the entry is no object' });
    return;
  }
  const resource = entry.resource;
  const request = isObject(entry.request) ? entry.request : {};
  if (isObject(resource)) {
    yield* unpack(resource, { ...where, pointer: `${pointer}/resource` }, text(entry, 'fullUrl'));
  } else if (text(request, 'method') === 'DELETE') {
    const response = isObject(entry.response) ? entry.response : {};
    const deletes = {
      url: text(request, 'url') ?? '',
      at: text(response, 'lastModified') ?? where.bundleAt ?? null,
    };
    yield { kind: 'resource', row, pointer, resource: {}, fullUrl: null, deletes };
  } else {
    yield fault({ row, pointer, code: 'entry_without_resource', message: 'the entry brings no resource' });
  }
}

/** What stands around the entries: a Bundle is done, anything else is itself the resource. */
function* readRest(json: string, elements: number): Generator<Read> {
  const value = checked(json);
  if (!value.ok) yield fault({ code: value.code, message: value.message, raw: json, whole: true });
  else if (isObject(value.json) && value.json.resourceType === 'Bundle') {
    if (!BUNDLE_TYPES.has(value.json.type)) yield fault({ ...BUNDLE_NOT_READ, whole: true });
  } else if (elements === 0) yield* unpack(value.json, { row: 1, pointer: '', byLine: false });
}

function* readValue(json: string, where: Where): Generator<Read> {
  const value = checked(json);
  if (!value.ok) {
    yield fault({ row: where.row, pointer: '', code: value.code, message: value.message, raw: json });
  } else yield* unpack(value.json, where);
}

/** A resource, or those inside a Bundle or list that stands where a resource may stand. */
function* unpack(value: unknown, where: Where, fullUrl: string | null = null): Generator<Read> {
  const { row, pointer } = where;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries())
      yield* unpackOne(each, { ...where, pointer: `${pointer}/${index}` }, null);
    return;
  }
  if (isObject(value) && value.resourceType === 'Bundle') {
    if (!BUNDLE_TYPES.has(value.type)) {
      yield fault({ ...BUNDLE_NOT_READ, row, pointer, raw: JSON.stringify(value).slice(0, 65_536) });
      return;
    }
    const meta = isObject(value.meta) ? value.meta : {};
    const bundleAt = text(value, 'timestamp') ?? text(meta, 'lastUpdated');
    for (const [index, entry] of list(value, 'entry').entries()) {
      const number = where.byLine ? row : index + 1;
      yield* readEntry(entry, { ...where, row: number, pointer: `${pointer}/entry/${index}`, bundleAt });
    }
    return;
  }
  yield* unpackOne(value, where, fullUrl);
}

function* unpackOne(value: unknown, { row, pointer }: Where, fullUrl: string | null): Generator<Read> {
  if (isObject(value) && typeof value.resourceType === 'string') {
    yield { kind: 'resource', row, pointer, resource: value, fullUrl, deletes: null };
  } else if (isObject(value) && Array.isArray(value.output) && text(value, 'transactionTime') !== null) {
    yield { kind: 'manifest', row, manifest: value };
  } else {
    const message = 'the value is no FHIR resource: it has no resourceType';
    const raw = JSON.stringify(value).slice(0, 65_536);
    yield fault({ row, pointer, code: 'not_a_resource', message, raw });
  }
}

type Checked =
  | { readonly ok: true; readonly json: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

function checked(json: string): Checked {
  if (isTooDeep(json)) return { ok: false, code: 'json_too_deep', message: 'the JSON nests too deep' };
  const value = parse(json);
  return value === undefined
    ? { ok: false, code: 'json_invalid', message: `not well-formed JSON: ${jsonFault(json)}` }
    : { ok: true, json: value };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function fault(given: Partial<ReadFault> & Pick<ReadFault, 'code' | 'message'>): ReadFault {
  return { kind: 'fault', row: null, pointer: null, raw: null, whole: false, ...given };
}

function boundedBytes(input: IntakeInput, limit: number): AsyncIterable<Uint8Array> & { exceeded: boolean } {
  const bounded = {
    exceeded: false,
    async *[Symbol.asyncIterator]() {
      let bytes = 0;
      for await (const chunk of input.open()) {
        bytes += chunk.length;
        if (bytes > limit) {
          bounded.exceeded = true;
          return;
        }
        yield chunk;
      }
    },
  };
  return bounded;
}
