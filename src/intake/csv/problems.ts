import type { Severity } from './layout.ts';

/** Every problem that a flat file can have: its severity and its text, `{…}` filled in per case. */
export const PROBLEMS = {
  file_empty: { severity: 'error', text: 'the file has no header row' },
  header_missing: {
    severity: 'error',
    text: "required column '{column}' is missing (accepted names: {aliases})",
  },
  header_duplicate: { severity: 'error', text: "column '{column}' occurs {count} times" },
  header_alias_conflict: { severity: 'error', text: "columns '{a}' and '{b}' both mean {field}" },
  header_unknown: { severity: 'warning', text: "column '{column}' is not known and is ignored" },
  row_width: { severity: 'error', text: 'row has {got} fields, the header has {want}' },
  quote_unclosed: { severity: 'error', text: 'a quoted field opened in row {row} is not closed' },
  encoding_latin1: { severity: 'warning', text: 'the file is not UTF-8; it is read as Latin-1 (ISO 8859-1)' },
  bad_encoding: { severity: 'error', text: 'byte {offset} is not UTF-8' },
  row_too_long: { severity: 'error', text: 'row is longer than {limit} bytes' },
  too_many_errors: { severity: 'error', text: 'stopped after {limit} rejected rows' },
  nul_byte: { severity: 'error', text: 'row contains a NUL byte' },
  file_kind_unknown: {
    severity: 'error',
    text: 'cannot tell which file this is: columns match none of {kinds}',
  },
  required: { severity: 'error', text: '{field} is required' },
  required_one_of: { severity: 'error', text: 'one of {fields} is required' },
  bad_id: { severity: 'error', text: '{field} must be 1-64 characters of A-Z a-z 0-9 . _ : -' },
  bad_mbi: { severity: 'warning', text: '{field} is not a Medicare Beneficiary Identifier' },
  bad_date: { severity: 'error', text: "{field} is not a date (want YYYY-MM-DD, got '{value}')" },
  date_out_of_range: { severity: 'error', text: '{field} {value} is outside {min}..{max}' },
  date_order: { severity: 'error', text: '{field} {value} is before {other} {othervalue}' },
  bad_code: { severity: 'error', text: "{field} has the value '{value}'; allowed: {allowed}" },
  bad_number: { severity: 'error', text: "{field} is not a number: '{value}'" },
  out_of_range: { severity: 'error', text: '{field} {value} is outside {min}..{max}' },
  bad_boolean: { severity: 'error', text: "{field} must be true/false, yes/no, Y/N or 1/0, got '{value}'" },
  bad_npi: { severity: 'warning', text: '{field} {value} is not a valid NPI (10 digits, check digit)' },
  bad_zip: { severity: 'warning', text: '{field} must have 5 or 9 digits' },
  bad_contract: { severity: 'warning', text: '{field} must be a letter and four digits' },
  bad_diagnosis: { severity: 'error', text: "{field} '{value}' is not an ICD-10-CM code form" },
  diagnosis_unknown: { severity: 'warning', text: "{field} '{value}' is not in ICD-10-CM for {date}" },
  bad_loinc: { severity: 'error', text: "{field} '{value}' is not a LOINC code" },
  bad_ndc: { severity: 'error', text: "{field} '{value}' is not an 11-digit NDC" },
  unit_unknown: { severity: 'warning', text: "{field} '{value}' is not a known unit" },
  unknown_member: { severity: 'error', text: '{field} is not among the members' },
  unknown_claim: { severity: 'warning', text: '{field} is not among the encounters' },
  duplicate_key: { severity: 'error', text: '{field}: the key was already used in row {otherrow}' },
  contradiction: { severity: 'warning', text: '{field} contradicts {other}' },
  range_order: { severity: 'error', text: '{field} is below {other}' },
  implausible_value: {
    severity: 'warning',
    text: '{field} {value} is outside the plausible range {min}..{max}',
  },
} as const satisfies Readonly<Record<string, { readonly severity: Severity; readonly text: string }>>;

export type ProblemCode = keyof typeof PROBLEMS;
