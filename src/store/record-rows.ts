import type { Provider } from '../engine/history.ts';
import {
  APPOINTMENTS,
  CLAIM_RESOURCES,
  CONDITIONS,
  COVERAGE,
  DIAGNOSES,
  ENCOUNTER_STATUSES,
  ENCOUNTERS,
  MEDICATIONS,
  MEMBER_ALIASES,
  OBSERVATIONS,
  PAID_RAF,
  PROCEDURES,
  type RecordTable,
  SERVICE_LINES,
  VISIT_CLAIMS,
} from './record-tables.ts';
import type { CanonicalRecord, MemberLinkRecord, MemberRecord } from './records.ts';

/** A record as its table's row, without the member and the provenance. */
export interface RowOfRecord {
  readonly table: RecordTable;
  readonly row: Readonly<Record<string, unknown>>;
}

function provider(given: Provider | null) {
  return {
    has_provider: given !== null,
    provider_npi: given?.npi ?? null,
    provider_specialty: given?.specialty ?? null,
  };
}

/** The row that a record becomes. Names are those of the columns. */
export function rowOfRecord(record: Exclude<CanonicalRecord, MemberRecord | MemberLinkRecord>): RowOfRecord {
  switch (record.kind) {
    case 'coverage': {
      const { period } = record;
      return {
        table: COVERAGE,
        row: {
          program: period.program,
          contract_id: period.contractId ?? '',
          plan_id: period.planId ?? '',
          from_date: period.from,
          to_date: period.to,
          original_entitlement: period.originalEntitlement,
          current_entitlement: period.currentEntitlement,
          dual_status: period.dualStatus,
          institutional: period.institutional,
          new_enrollee: period.newEnrollee,
          snp: period.snp,
          low_income: period.lowIncome,
          part_d: period.partD,
          esrd: period.esrd,
          hospice: period.hospice,
          switcher: period.switcher,
          metal: record.metal,
          csr: record.csr,
          enrollment_months: record.enrollmentMonths,
        },
      };
    }
    case 'encounter': {
      const { encounter } = record;
      return {
        table: ENCOUNTERS,
        row: {
          encounter_id: encounter.encounterId,
          from_date: encounter.from,
          to_date: encounter.to,
          setting: encounter.setting,
          bill_type: encounter.billType,
          modality: encounter.modality,
          source: encounter.source,
          linked_encounter_id: encounter.linkedEncounterId,
          claim_status: encounter.claimStatus,
          replaces_encounter_id: encounter.replacesEncounterId,
          icn: encounter.icn,
          acceptance: encounter.acceptance,
          mao004: encounter.mao004,
          crr_action: encounter.crrAction,
          place_of_service: encounter.placeOfService,
          hra: encounter.hra,
          signed: encounter.signed,
          ...provider(encounter.provider),
        },
      };
    }
    case 'service_line':
      return {
        table: SERVICE_LINES,
        row: {
          encounter_id: record.encounterId,
          line_number: record.lineNumber,
          procedure: record.line.procedure,
          modifiers: record.line.modifiers,
          service_date: record.line.date,
        },
      };
    case 'diagnosis':
      return {
        table: DIAGNOSES,
        row: { encounter_id: record.encounterId, code: record.code, position: record.position },
      };
    case 'condition': {
      const { condition } = record;
      return {
        table: CONDITIONS,
        row: {
          key: record.key,
          condition_id: condition.conditionId,
          code: condition.code,
          system: condition.system,
          source: condition.source,
          encounter_id: condition.encounterId,
          recorded: condition.recorded,
          clinical_status: condition.clinicalStatus,
          verification: condition.verification,
          context: condition.context,
          meat: condition.meat,
          signed: condition.signed,
        },
      };
    }
    case 'observation':
      return { table: OBSERVATIONS, row: { key: record.key, ...record.observation } };
    case 'medication': {
      const { daysSupply, ...medication } = record.medication;
      return { table: MEDICATIONS, row: { key: record.key, ...medication, days_supply: daysSupply } };
    }
    case 'procedure':
      return { table: PROCEDURES, row: { key: record.key, ...record.procedure } };
    case 'appointment':
      return {
        table: APPOINTMENTS,
        row: { key: record.key, date: record.appointment.date, ...provider(record.appointment.provider) },
      };
    case 'encounter_status':
      return {
        table: ENCOUNTER_STATUSES,
        row: {
          encounter_id: record.encounterId ?? '',
          icn: record.icn ?? '',
          acceptance: record.acceptance,
          mao004: record.mao004,
          reasons: record.reasons,
        },
      };
    case 'visit_claim':
      return { table: VISIT_CLAIMS, row: { encounter_id: record.encounterId, claim_id: record.claimId } };
    case 'claim_resource':
      return { table: CLAIM_RESOURCES, row: { claim_id: record.claimId, resource: record.resource } };
    case 'member_alias':
      return { table: MEMBER_ALIASES, row: { alias: record.alias } };
    case 'paid_raf':
      return {
        table: PAID_RAF,
        row: {
          key: record.key,
          report: record.paid.report,
          contract_id: record.paid.contractId,
          payment_year: record.paid.paymentYear,
          payment_month: record.paid.paymentMonth,
          model: record.paid.model,
          paid: record.paid,
        },
      };
  }
}
