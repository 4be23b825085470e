import { parseCmsReturns, returnFileOf } from './cms-returns/parse.ts';
import { parseCsv } from './csv/parser.ts';
import { fhirParser } from './fhir/parse.ts';
import { parseJsonHistories } from './json/parser.ts';
import type { IntakeFormat, Parser } from './parser.ts';
import type { ParserSettings } from './parser-settings.ts';
import { x12Parser } from './x12/parse.ts';

/** The parser of each format, by the settings of the batch. */
export function formatParsers(settings: ParserSettings): Readonly<Record<IntakeFormat, Parser>> {
  return {
    'json-history': parseJsonHistories,
    fhir: fhirParser(settings.fhir),
    x12: x12Parser(settings.x12),
    csv: parseCsv,
    'cms-return': parseCmsReturns,
  };
}

/** True when the text begins like one of CMS's fixed-width returns. */
export function isCmsReturn(text: string): boolean {
  return returnFileOf(text.split(/\r?\n/, 1)[0] ?? '') !== null;
}
