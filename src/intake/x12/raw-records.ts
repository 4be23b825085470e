import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions } from '../parser.ts';
import { ClaimIndex } from './claim-records.ts';
import type { EnvelopeFault } from './envelope.ts';
import { parseFile } from './parse.ts';
import { STRICT } from './settings.ts';

/** What a rejected record is named by, and what the report of its file counts it as. */
const RECORD_TYPES: Readonly<Record<string, string>> = {
  CLM01: 'claim',
  INS: 'member',
  TRN02: 'claim_status',
};
const REFUSED: EnvelopeFault = {
  unit: 'interchange',
  ordinal: 0,
  row: 0,
  field: 'ISA',
  code: 'as_sent',
  message: '',
  value: null,
};

/** Every claim, member and answer of a file as its segments stand in it, with the row it is known by. */
export async function* rawX12Records(
  input: IntakeInput,
  options: IntakeOptions,
): AsyncGenerator<{ readonly row: number; readonly raw: string; readonly recordType: string | null }> {
  const limits = { ...options.limits, rejectedRows: Number.POSITIVE_INFINITY };
  const events = parseFile(input, {
    options: { ...options, limits },
    settings: STRICT,
    outcome: new FileOutcome(input.file, 'x12', limits),
    claims: new ClaimIndex({}),
    // As if every interchange were refused: then each record in it is handed back as it stands.
    check: { rejection: () => REFUSED },
  });
  for await (const event of events) {
    if (event.type !== 'finding') continue;
    const { row, raw, field } = event.finding;
    if (row !== null && raw !== null) yield { row, raw, recordType: RECORD_TYPES[field ?? ''] ?? null };
  }
}
