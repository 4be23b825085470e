import { type Field, field } from './layout.ts';

/**
 * Columns and tables of the service's own canonical layout, beside the six files: what the record types can hold and
 * the six files do not carry.
 */
export const OWN_MEMBER_FIELDS: readonly Field[] = [
  field('part_d', 'no', 'code', '', 'bad_code', 'none, mapd:mapd|mapd-pd|MA-PD, pdp, pace'),
  field('switcher', 'no', 'boolean', '', 'bad_boolean'),
];

export const OWN_ENCOUNTER_FIELDS: readonly Field[] = [
  field('icn', 'no', 'text', 'encounter_icn', ''),
  field('acceptance', 'no', 'code', '', 'bad_code', 'accepted, rejected'),
  field('mao004', 'no', 'code', 'mao_004', 'bad_code', 'allowed:allowed|A, disallowed:disallowed|D'),
  field('hra', 'no', 'boolean', '', 'bad_boolean'),
  field('signed', 'no', 'boolean', '', 'bad_boolean'),
];

export const CONDITIONS_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field('condition_id', 'no', 'id', '', 'bad_id duplicate_key'),
  field(
    'condition_code',
    'yes',
    'icd10',
    'normalized_code source_code code',
    'required bad_diagnosis diagnosis_unknown',
  ),
  field(
    'condition_code_type',
    'no',
    'code',
    'code_type normalized_code_type source_code_type',
    'bad_code',
    'icd-10-cm:icd-10-cm|icd10cm|icd10, snomed:snomed|snomed-ct',
  ),
  field(
    'condition_source',
    'yes',
    'code',
    '',
    'required bad_code',
    'problem_list:problem_list|problem-list-item, note, referral',
  ),
  field('claim_id', 'no', 'id', 'encounter_id', 'bad_id unknown_claim'),
  field('recorded_date', 'no', 'date', 'condition_date', 'bad_date date_out_of_range'),
  field(
    'clinical_status',
    'no',
    'code',
    'status',
    'bad_code',
    'active, recurrence, relapse, inactive, remission, resolved',
  ),
  field(
    'verification',
    'no',
    'code',
    'verification_status',
    'bad_code',
    'confirmed, unconfirmed, provisional, differential, refuted, entered-in-error',
  ),
  field('context', 'no', 'code', '', 'bad_code', 'family_history, history_of'),
  field('meat', 'no', 'text', '', 'bad_code'),
  field('signed', 'no', 'boolean', '', 'bad_boolean'),
];

export const PROCEDURES_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field('procedure_id', 'no', 'id', '', 'bad_id duplicate_key'),
  field('procedure_code', 'yes', 'text', 'normalized_code source_code code hcpcs_code cpt', 'required'),
  field(
    'procedure_code_type',
    'no',
    'code',
    'code_type normalized_code_type source_code_type',
    'bad_code',
    'cpt, hcpcs, icd-10-pcs:icd-10-pcs|icd10pcs, snomed:snomed|snomed-ct',
  ),
  field('procedure_date', 'yes', 'date', 'service_date', 'required bad_date date_out_of_range'),
  field('status', 'no', 'text', '', ''),
];

export const APPOINTMENTS_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field('appointment_id', 'no', 'id', '', 'bad_id duplicate_key'),
  field('appointment_date', 'yes', 'date', 'start_datetime appointment_datetime', 'required bad_date'),
  field('provider_npi', 'no', 'npi', 'npi practitioner_id', 'bad_npi'),
  field('provider_specialty', 'no', 'text', 'specialty', ''),
];

/** Members who are one person: the id that is given up, and the one that survives. */
export const CROSSWALK_FIELDS: readonly Field[] = [
  field(
    'member_id',
    'yes',
    'id',
    'old_member_id previous_member_id retired_member_id',
    'required bad_id duplicate_key contradiction',
  ),
  field(
    'surviving_member_id',
    'cond',
    'id',
    'new_member_id into_member_id current_member_id',
    'required bad_id',
  ),
  field('action', 'no', 'code', '', 'bad_code', 'merge, unmerge'),
];
