import type { Field, TableKind, TableLayout } from './layout.ts';
import { LABS_FIELDS, MEDICATIONS_FIELDS, VITALS_FIELDS } from './layout-clinical.ts';
import { DIAGNOSES_FIELDS, ENCOUNTERS_FIELDS } from './layout-encounters.ts';
import { MEMBERS_FIELDS } from './layout-members.ts';
import {
  APPOINTMENTS_FIELDS,
  CONDITIONS_FIELDS,
  CROSSWALK_FIELDS,
  OWN_ENCOUNTER_FIELDS,
  OWN_MEMBER_FIELDS,
  PROCEDURES_FIELDS,
} from './layout-own.ts';

/** Columns that repeat with a number, and how far they go. */
export const WIDE_COLUMNS = { diagnosis: 25, modifier: 5 } as const;

/** Every table, in the order in which the files of a batch are read: what others refer to comes first. */
export const LAYOUTS: Readonly<Record<TableKind, TableLayout>> = {
  members: {
    kind: 'members',
    fields: [...MEMBERS_FIELDS, ...OWN_MEMBER_FIELDS],
    key: ['member_id', 'enrollment_start_date'],
  },
  encounters: {
    kind: 'encounters',
    fields: [...ENCOUNTERS_FIELDS.flatMap(widened), ...OWN_ENCOUNTER_FIELDS],
    key: ['claim_id', 'claim_line_number'],
  },
  diagnoses: { kind: 'diagnoses', fields: DIAGNOSES_FIELDS, key: null },
  conditions: { kind: 'conditions', fields: CONDITIONS_FIELDS, key: ['condition_id'] },
  labs: { kind: 'labs', fields: LABS_FIELDS, key: ['result_id'] },
  medications: { kind: 'medications', fields: MEDICATIONS_FIELDS, key: null },
  vitals: { kind: 'vitals', fields: VITALS_FIELDS, key: null },
  procedures: { kind: 'procedures', fields: PROCEDURES_FIELDS, key: ['procedure_id'] },
  appointments: { kind: 'appointments', fields: APPOINTMENTS_FIELDS, key: ['appointment_id'] },
  crosswalk: { kind: 'crosswalk', fields: CROSSWALK_FIELDS, key: ['member_id'] },
};

/** `diagnosis_code_1` stands for `_1` to `_25`, `hcpcs_modifier_1` for `_1` to `_5`; aliases number along. */
function widened(field: Field): readonly Field[] {
  const upTo = field.name.startsWith('diagnosis_')
    ? WIDE_COLUMNS.diagnosis
    : field.name.startsWith('hcpcs_modifier_')
      ? WIDE_COLUMNS.modifier
      : 0;
  if (upTo === 0 || !field.name.endsWith('_1')) return [field];
  return Array.from({ length: upTo }, (_, index) => ({
    ...field,
    name: field.name.replace(/1$/, String(index + 1)),
    aliases: field.aliases.map((alias) => alias.replace(/1$/, String(index + 1))),
  }));
}
