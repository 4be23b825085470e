import { type Field, field } from './layout.ts';

/** Laboratory results. */
export const LABS_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field('result_id', 'no', 'id', 'lab_result_id', 'duplicate_key'),
  field(
    'loinc_code',
    'yes',
    'loinc',
    'normalized_component_code source_component_code component_code loinc code',
    'required bad_loinc',
  ),
  field('code_type', 'no', 'code', 'normalized_component_type source_component_type', 'bad_code', 'loinc'),
  field('result', 'yes', 'text', 'value result_value', 'required bad_number'),
  field('unit', 'no', 'ucum', 'normalized_units source_units units', 'unit_unknown'),
  field(
    'result_date',
    'yes',
    'date',
    'result_datetime collection_datetime collection_date observation_date',
    'required bad_date date_out_of_range',
  ),
  field(
    'status',
    'no',
    'code',
    '',
    'bad_code',
    'final:final|F, corrected:corrected|C, amended, preliminary:preliminary|P, cancelled:cancelled|X',
  ),
  field('reference_range_low', 'no', 'number', 'normalized_reference_range_low', 'bad_number'),
  field('reference_range_high', 'no', 'number', 'normalized_reference_range_high', 'bad_number range_order'),
  field('abnormal_flag', 'no', 'text', 'normalized_abnormal_flag', ''),
];

/** Fills and orders. */
export const MEDICATIONS_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field('ndc_code', 'cond', 'ndc', 'ndc', 'required_one_of bad_ndc'),
  field('rxnorm_code', 'cond', 'digits', 'rxcui rxnorm', 'required_one_of bad_number'),
  field('drug_name', 'no', 'text', 'source_description ndc_description', ''),
  field(
    'dispensing_date',
    'cond',
    'date',
    'fill_date service_date',
    'required_one_of bad_date date_out_of_range',
  ),
  field('prescribing_date', 'cond', 'date', 'authored_on order_date', 'required_one_of bad_date'),
  field('days_supply', 'no', 'number', 'days_sply_num', 'bad_number out_of_range'),
  field('quantity', 'no', 'number', '', 'bad_number'),
  field('prescriber_npi', 'no', 'npi', 'prescribing_provider_npi practitioner_id', 'bad_npi'),
  field(
    'status',
    'no',
    'code',
    '',
    'bad_code',
    'active, completed:completed|dispensed, stopped:stopped|cancelled',
  ),
];

/** Vital signs and scores. */
export const VITALS_FIELDS: readonly Field[] = [
  field('member_id', 'yes', 'id', 'person_id patient_id', 'required bad_id unknown_member'),
  field(
    'vital_type',
    'cond',
    'code',
    'observation_type',
    'required_one_of bad_code',
    'bmi, height, weight, systolic:systolic|sbp, diastolic:diastolic|dbp, heart_rate:heart_rate|pulse, oxygen_saturation:spo2|oxygen_saturation, phq9:phq9|phq-9, lvef:lvef|ejection_fraction',
  ),
  field('loinc_code', 'cond', 'loinc', 'normalized_code source_code', 'required_one_of bad_loinc'),
  field('value', 'yes', 'number', 'result', 'required bad_number implausible_value'),
  field('unit', 'no', 'ucum', 'normalized_units source_units', 'required unit_unknown'),
  field(
    'observed_date',
    'yes',
    'date',
    'observation_date effective_date',
    'required bad_date date_out_of_range',
  ),
];
