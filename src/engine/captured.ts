import type { CodeTable } from './codes.ts';
import type { IsoDate } from './dates.ts';
import { type EditPerson, mapCodeFor } from './diagnoses.ts';
import type { JudgedEncounter } from './eligibility.ts';
import type { CompiledModel, ModelYear } from './model.ts';
import type { Scorer } from './score.ts';

/** One diagnosis of one record in force. */
export interface Submission {
  readonly code: string;
  readonly record: JudgedEncounter;
  /** Through date of the record. */
  readonly date: IsoDate;
  /** Billable on the date of service; a code that is not enters no score. */
  readonly valid: boolean;
}

/** What the eligible records of one DOS year give in one model of the target payment year: CC(m, y) and H of it. */
export interface CapturedYear {
  readonly year: number;
  /** Eligible, valid diagnoses by HCC, before hierarchies; by date, then encounter. */
  readonly categories: ReadonlyMap<string, readonly Submission[]>;
  /** H(CC): what is left after model rules and hierarchies. */
  readonly surviving: ReadonlySet<string>;
}

/** Every diagnosis of the records in force of one DOS year, eligible or not. */
export function submissionsOf(
  records: readonly JudgedEncounter[],
  year: number,
  codes: CodeTable,
): readonly Submission[] {
  const found: Submission[] = [];
  for (const record of records) {
    if (record.dosYear !== year || !record.carries) continue;
    const date = record.encounter.to;
    for (const code of record.codes) found.push({ code, record, date, valid: codes.billableOn(code, date) });
  }
  return found.sort(bySubmission);
}

/** By date, then encounter, then code. */
export function bySubmission(a: Submission, b: Submission): number {
  if (a.date !== b.date) return a.date < b.date ? -1 : 1;
  const [idA, idB] = [a.record.encounter.encounterId, b.record.encounter.encounterId];
  if (idA !== idB) return idA < idB ? -1 : 1;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}

/** Categories of one year's eligible, valid submissions, by the mapping given. */
export function captureYear(
  year: number,
  submissions: readonly Submission[],
  scorer: Pick<Scorer, 'surviving'>,
  hccsOf: (code: string) => readonly string[],
): CapturedYear {
  const categories = new Map<string, Submission[]>();
  for (const submission of submissions) {
    if (!submission.valid || !submission.record.verdict.eligible) continue;
    for (const hcc of hccsOf(submission.code)) {
      const known = categories.get(hcc);
      if (known) known.push(submission);
      else categories.set(hcc, [submission]);
    }
  }
  return {
    year,
    categories,
    surviving: categories.size === 0 ? NO_HCCS : scorer.surviving(categories.keys()),
  };
}

const NO_HCCS: ReadonlySet<string> = new Set();
const NO_CODES: readonly string[] = [];

/**
 * HCCs of a code that was valid on its date of service, by the target model: the table of the payment year, else the
 * newest table of the same model that has the code (retired codes, gap taxonomy section 0), after age and sex edits.
 */
export function hccsOfAnyEdition(
  model: CompiledModel,
  year: ModelYear,
  who: EditPerson,
): (code: string) => readonly string[] {
  const editions = editionsOf(model, year);
  return (code) => {
    for (const edition of editions) if (edition.mapping.has(code)) return mapCodeFor(edition, code, who);
    return NO_CODES;
  };
}

/** The year's own table first, then the others from the newest. */
export function editionsOf(model: CompiledModel, year: ModelYear): readonly ModelYear[] {
  const known = editions.get(year);
  if (known) return known;
  const others = [...model.years.values()].filter((other) => other !== year);
  const ordered = [year, ...others.sort((a, b) => b.paymentYear - a.paymentYear)];
  editions.set(year, ordered);
  return ordered;
}

const editions = new WeakMap<ModelYear, readonly ModelYear[]>();
