import type { IntakeEvent, IntakeFinding } from '../store/records.ts';
import { startOf, Unpacker } from './archive.ts';
import { DETECTION_BYTES, detectFormat } from './detect.ts';
import { formatParsers, isCmsReturn } from './formats.ts';
import { KeyMap } from './key-map.ts';
import type { IntakeFormat, IntakeInput, IntakeLimits, IntakeOptions } from './parser.ts';
import { DEFAULT_PARSER_SETTINGS, type ParserSettings } from './parser-settings.ts';

/** Formats that bring whole members come first, because flat files may name members that only those bring. */
const READING_ORDER: readonly IntakeFormat[] = ['json-history', 'x12', 'fhir', 'csv', 'cms-return'];

/**
 * Reads a batch of any files: archives are unpacked, each file's format is found by its content (or given by
 * `options.format`), and the files of one format go to its parser together. A file of no known format gives one
 * finding and a report of its own, so that every file of the batch is answered for.
 */
export async function* parseBatch(
  inputs: readonly IntakeInput[],
  options: IntakeOptions,
  settings: ParserSettings = DEFAULT_PARSER_SETTINGS,
): AsyncGenerator<IntakeEvent> {
  const parsers = formatParsers(settings);
  const unpacker = new Unpacker(options.limits);
  let told = 0;
  const tellArchives = function* (): Generator<IntakeEvent> {
    for (const found of unpacker.findings.slice(told)) yield* fileFinding(found);
    told = unpacker.findings.length;
  };
  try {
    const groups = new Map<IntakeFormat, IntakeInput[]>();
    const plain = await unpacker.unpack(inputs);
    yield* tellArchives();
    for (const input of plain) {
      const found = await detect(input, options);
      if (typeof found === 'string') groups.set(found, [...(groups.get(found) ?? []), input]);
      else yield* fileFinding(found);
    }
    const members = new MemberMemory(options, groups.size > 1);
    for (const format of READING_ORDER) {
      const files = groups.get(format);
      if (files) yield* answered(format, files, members.watch(parsers[format](files, members.options)));
    }
    yield* tellArchives();
  } finally {
    await unpacker.close();
  }
}

async function detect(input: IntakeInput, options: IntakeOptions): Promise<IntakeFormat | IntakeFinding> {
  if (options.format !== null) return options.format;
  const found = detectFormat(await startOf(input, DETECTION_BYTES), input.file, isCmsReturn);
  if (found.ok) return found.format;
  return {
    file: input.file,
    row: null,
    field: null,
    code: found.code,
    severity: 'error',
    message: found.message,
    value: null,
    raw: null,
  };
}

/** Adds an empty report for each file of which its parser could read no record type at all. */
async function* answered(
  format: IntakeFormat,
  files: readonly IntakeInput[],
  events: AsyncIterable<IntakeEvent>,
): AsyncGenerator<IntakeEvent> {
  const silent = new Set(files.map(({ file }) => file));
  for await (const event of events) {
    if (event.type === 'report') silent.delete(event.report.file);
    yield event;
  }
  for (const file of silent) yield emptyReport(file, format);
}

/** A file that no parser reads: its finding and its report. */
function* fileFinding(finding: IntakeFinding): Generator<IntakeEvent> {
  yield { type: 'finding', finding };
  yield emptyReport(finding.file, 'unknown', finding.code);
}

function emptyReport(file: string, format: string, code?: string): IntakeEvent {
  const counts = { received: 0, accepted: 0, rejected: 0, duplicates: 0 };
  const codes = code === undefined ? {} : { [code]: 1 };
  return {
    type: 'report',
    report: { file, format, recordType: 'unknown', ...counts, codes, failed: true },
  };
}

/** Members that one format brought are known to the formats read after it, whether or not they are stored yet. */
class MemberMemory {
  readonly options: IntakeOptions;
  readonly #remembers: boolean;
  readonly #members = new KeyMap(0);

  constructor(options: IntakeOptions, remembers: boolean) {
    this.#remembers = remembers;
    const { knownMembers } = options.lookups;
    const both = async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
      const here = ids.filter((id) => this.#members.has(id));
      const others = here.length === ids.length ? [] : ids.filter((id) => !this.#members.has(id));
      const stored = knownMembers && others.length > 0 ? await knownMembers(others) : [];
      return new Set([...here, ...stored]);
    };
    this.options = remembers ? { ...options, lookups: { ...options.lookups, knownMembers: both } } : options;
  }

  async *watch(events: AsyncIterable<IntakeEvent>): AsyncGenerator<IntakeEvent> {
    for await (const event of events) {
      if (this.#remembers && event.type === 'record' && event.record.kind === 'member') {
        this.#members.set(event.record.memberId);
      }
      yield event;
    }
  }
}

/** True when more than the allowed share of a batch's records was rejected, or a file could not be read. */
export function batchFailed(
  reports: readonly {
    readonly received: number;
    readonly rejected: number;
    readonly failed?: boolean;
  }[],
  limits: Pick<IntakeLimits, 'rejectedShare'>,
): boolean {
  const received = reports.reduce((sum, report) => sum + report.received, 0);
  const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
  return reports.some(({ failed }) => failed === true) || rejected > received * limits.rejectedShare;
}
