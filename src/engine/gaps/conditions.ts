import type { IsoDate } from '../dates.ts';
import type { JudgedEncounter } from '../eligibility.ts';
import type { Condition } from '../history.ts';
import type { AnalysisContext } from './context.ts';

/** An ICD-10-CM condition with the record it names, if any. */
export interface DatedCondition {
  readonly condition: Condition;
  readonly code: string;
  /** Date recorded; else the through date of the encounter it names. */
  readonly date: IsoDate;
  /** The encounter that the condition itself names, when the history has it. */
  readonly record: JudgedEncounter | null;
}

/** Conditions that can be dated and coded, entered-in-error ones left out; sorted, so that order means nothing. */
export function datedConditions(context: AnalysisContext): readonly DatedCondition[] {
  const found: DatedCondition[] = [];
  for (const condition of context.history.conditions) {
    if (condition.system !== 'icd10cm' || condition.verification === 'entered-in-error') continue;
    const record =
      condition.encounterId === null ? null : (context.recordById.get(condition.encounterId) ?? null);
    const date = condition.recorded ?? record?.encounter.to ?? null;
    if (date !== null) found.push({ condition, code: condition.code, date, record });
  }
  return found;
}

/** Present by its own words: not refuted, uncertain, resolved or in remission, nor another person's. */
export function isPresent({ clinicalStatus, verification, context }: Condition): boolean {
  return (
    context === null &&
    (verification === null || verification === 'confirmed') &&
    (clinicalStatus === null ||
      clinicalStatus === 'active' ||
      clinicalStatus === 'recurrence' ||
      clinicalStatus === 'relapse')
  );
}

/** Words that leave it open whether the condition is there at all (guideline IV.H). */
export function isUncertain({ verification }: Condition): boolean {
  return verification === 'unconfirmed' || verification === 'provisional' || verification === 'differential';
}

export function isOver({ clinicalStatus }: Condition): boolean {
  return clinicalStatus === 'resolved' || clinicalStatus === 'inactive' || clinicalStatus === 'remission';
}
