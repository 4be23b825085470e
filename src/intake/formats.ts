import { parseCsv } from './csv/parser.ts';
import { parseFhir } from './fhir/parse.ts';
import { parseJsonHistories } from './json/parser.ts';
import { FileOutcome } from './outcome.ts';
import type { IntakeFormat, Parser } from './parser.ts';
import { parseX12 } from './x12/parse.ts';

/** Answers for files of a format that this version cannot read. */
const refuseFiles: Parser = async function* (inputs, options) {
  for (const { file } of inputs) {
    const outcome = new FileOutcome(file, 'cms-return', options.limits);
    outcome.expect('unknown');
    outcome.fail();
    const message = 'CMS returns are not read by this version';
    yield outcome.error({ row: null, field: null, code: 'format_not_supported', message });
    yield* outcome.close();
  }
};

/** The parser of each format. */
export const FORMAT_PARSERS: Readonly<Record<IntakeFormat, Parser>> = {
  'json-history': parseJsonHistories,
  fhir: parseFhir,
  x12: parseX12,
  csv: parseCsv,
  'cms-return': refuseFiles,
};

/** True when the text begins like one of CMS's fixed-width returns. */
export function isCmsReturn(): boolean {
  return false;
}
