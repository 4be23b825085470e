import type { IntakeInput } from '../../src/intake/parser.ts';
import type {
  CanonicalRecord,
  FileReport,
  IntakeEvent,
  IntakeFinding,
  ResourceDeletion,
} from '../../src/store/records.ts';

/** An input that gives its bytes in pieces of `pieceBytes`, to meet every boundary between chunks. */
export function inputOf(file: string, content: string | Uint8Array, pieceBytes = 7): IntakeInput {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    file,
    async *open() {
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        yield bytes.subarray(from, from + pieceBytes);
      }
    },
  };
}

export interface Collected {
  readonly records: CanonicalRecord[];
  readonly findings: IntakeFinding[];
  readonly reports: FileReport[];
  readonly deletions: ResourceDeletion[];
}

/** Reads a parser to its end. */
export async function collect(events: AsyncIterable<IntakeEvent>): Promise<Collected> {
  const collected: Collected = { records: [], findings: [], reports: [], deletions: [] };
  for await (const event of events) {
    if (event.type === 'record') collected.records.push(event.record);
    else if (event.type === 'finding') collected.findings.push(event.finding);
    else if (event.type === 'deletion') collected.deletions.push(event.deletion);
    else collected.reports.push(event.report);
  }
  return collected;
}

/** `file:row code field` of each finding, for short expectations. */
export function brief(findings: readonly IntakeFinding[]): string[] {
  return findings.map((found) => `${found.file}:${found.row ?? '-'} ${found.code} ${found.field ?? '-'}`);
}

/** Records of one kind. */
export function only<K extends CanonicalRecord['kind']>(
  records: readonly CanonicalRecord[],
  kind: K,
): Extract<CanonicalRecord, { kind: K }>[] {
  return records.filter((record): record is Extract<CanonicalRecord, { kind: K }> => record.kind === kind);
}
