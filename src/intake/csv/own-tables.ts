import type { Appointment, CodeSystem, Condition, Meat, Procedure } from '../../engine/history.ts';
import { contentKey } from '../content-key.ts';
import type { BatchContext, TableReader } from './batch-context.ts';
import { judgeCode } from './codes.ts';
import { isClaimOf } from './diagnoses.ts';
import type { TableRow } from './table-row.ts';

const MEATS: readonly Meat[] = ['monitored', 'evaluated', 'assessed', 'treated'];
const PROCEDURE_SYSTEMS: Readonly<Record<string, CodeSystem>> = {
  cpt: 'cpt',
  hcpcs: 'hcpcs',
  'icd-10-pcs': 'icd10pcs',
  snomed: 'snomed',
};

function oneOf<const T extends string>(value: string | null, allowed: readonly T[]): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}

/** Words of a `meat` cell, separated by blanks, `+`, `/` or `;`; `none` says that the note was read and has none. */
function meatWords(text: string): string[] {
  const words = text.toLowerCase().split(/[\s+/;,|]+/);
  return words.filter((word) => word !== '' && word !== 'none');
}

/** Reader of conditions.csv: problem-list entries, documented conditions and referrals, with what the note shows. */
export function conditionsReader(context: BatchContext): TableReader {
  return {
    judge(row) {
      const system = row.text('condition_code_type') ?? 'icd-10-cm';
      if (system === 'icd-10-cm') {
        judgeCode(row, 'condition_code', { date: row.text('recorded_date'), context });
      }
      const meat = row.text('meat');
      if (meat !== null && meatWords(meat).some((word) => oneOf(word, MEATS) === null)) {
        row.problem('bad_code', 'meat', { value: meat, allowed: `${MEATS.join(', ')}, none` });
      }
      const claimId = row.text('claim_id');
      const memberId = row.text('member_id');
      if (claimId !== null && memberId !== null && !isClaimOf(context, claimId, memberId)) {
        row.problem('unknown_claim', 'claim_id', { value: claimId });
      }
    },
    take(row, source, emit) {
      const meat = row.text('meat');
      const condition: Condition = {
        conditionId: row.text('condition_id'),
        code: row.text('condition_code') ?? '',
        system: row.text('condition_code_type') === 'snomed' ? 'snomed' : 'icd10cm',
        source: oneOf(row.text('condition_source'), ['problem_list', 'note', 'referral']) ?? 'note',
        encounterId: row.text('claim_id'),
        recorded: row.text('recorded_date'),
        clinicalStatus: oneOf(row.text('clinical_status'), [
          'active',
          'recurrence',
          'relapse',
          'inactive',
          'remission',
          'resolved',
        ]),
        verification: oneOf(row.text('verification'), [
          'confirmed',
          'unconfirmed',
          'provisional',
          'differential',
          'refuted',
          'entered-in-error',
        ]),
        context: oneOf(row.text('context'), ['family_history', 'history_of']),
        meat:
          meat === null
            ? null
            : meatWords(meat)
                .map((word) => oneOf(word, MEATS))
                .filter((word) => word !== null),
        signed: row.flag('signed'),
      };
      const key = condition.conditionId ?? contentKey(condition);
      emit({ kind: 'condition', memberId: row.text('member_id') ?? '', source, key, condition });
    },
    finish: () => undefined,
  };
}

/** Reader of procedures.csv. */
export function proceduresReader(): TableReader {
  return {
    judge: () => undefined,
    take(row, source, emit) {
      const code = (row.text('procedure_code') ?? '').toUpperCase();
      const stated = PROCEDURE_SYSTEMS[row.text('procedure_code_type') ?? ''];
      const procedure: Procedure = {
        code,
        system: stated ?? (/^\d{4}[0-9A-Z]$/.test(code) ? 'cpt' : 'hcpcs'),
        date: row.text('procedure_date') ?? '',
        status: row.text('status') ?? 'completed',
      };
      const key = row.text('procedure_id') ?? contentKey(procedure);
      emit({ kind: 'procedure', memberId: row.text('member_id') ?? '', source, key, procedure });
    },
    finish: () => undefined,
  };
}

/** Reader of appointments.csv; appointments may lie in the future. */
export function appointmentsReader(): TableReader {
  return {
    judge: () => undefined,
    take(row, source, emit) {
      const npi = row.text('provider_npi');
      const specialty = row.text('provider_specialty');
      const appointment: Appointment = {
        date: row.text('appointment_date') ?? '',
        provider: npi === null && specialty === null ? null : { npi, specialty },
      };
      const key = row.text('appointment_id') ?? contentKey(appointment);
      emit({ kind: 'appointment', memberId: row.text('member_id') ?? '', source, key, appointment });
    },
    finish: () => undefined,
  };
}

/**
 * Reader of a crosswalk: two ids of one person, or that they are no longer. The ids need not be known yet: a
 * crosswalk may come before the members it speaks of.
 */
export function crosswalkReader(): TableReader {
  const unmerges = (row: TableRow) => row.text('action') === 'unmerge';
  return {
    judge(row) {
      const into = row.text('surviving_member_id');
      if (into === null && !unmerges(row)) row.problem('required', 'surviving_member_id');
      if (into !== null && into === row.text('member_id')) {
        row.refuse('contradiction', 'member_id', { other: 'surviving_member_id' });
      }
    },
    take(row, source, emit) {
      const into = unmerges(row) ? null : row.text('surviving_member_id');
      emit({ kind: 'member_link', memberId: row.text('member_id') ?? '', source, into });
    },
    finish: () => undefined,
  };
}
