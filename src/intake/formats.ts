import { parseCmsReturns, returnFileOf } from './cms-returns/parse.ts';
import { parseCsv } from './csv/parser.ts';
import { parseFhir } from './fhir/parse.ts';
import { parseJsonHistories } from './json/parser.ts';
import type { IntakeFormat, Parser } from './parser.ts';
import { parseX12 } from './x12/parse.ts';

/** The parser of each format. */
export const FORMAT_PARSERS: Readonly<Record<IntakeFormat, Parser>> = {
  'json-history': parseJsonHistories,
  fhir: parseFhir,
  x12: parseX12,
  csv: parseCsv,
  'cms-return': parseCmsReturns,
};

/** True when the text begins like one of CMS's fixed-width returns. */
export function isCmsReturn(text: string): boolean {
  return returnFileOf(text.split(/\r?\n/, 1)[0] ?? '') !== null;
}
