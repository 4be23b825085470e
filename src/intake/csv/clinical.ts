import type { Medication, Observation } from '../../engine/history.ts';
import type { SourceRef } from '../../store/records.ts';
import { contentKey } from '../content-key.ts';
import type { BatchContext, Emit, TableReader } from './batch-context.ts';
import type { TableRow } from './table-row.ts';

const COMPARED = /^(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reader of labs.csv. */
export function labsReader(): TableReader {
  return {
    judge(row) {
      const low = row.number('reference_range_low');
      const high = row.number('reference_range_high');
      if (low !== null && high !== null && high < low) {
        row.problem('range_order', 'reference_range_high', {
          other: 'reference_range_low',
          value: String(high),
        });
      }
    },
    take: takeLab,
    finish: () => undefined,
  };
}

function takeLab(row: TableRow, source: SourceRef, emit: Emit): void {
  const observation: Observation = {
    code: row.text('loinc_code') ?? '',
    system: row.text('code_type') === null || row.text('code_type') === 'loinc' ? 'loinc' : 'other',
    date: row.text('result_date') ?? '',
    ...resultOf(row.text('result') ?? ''),
    unit: row.text('unit'),
    interpretation: row.text('abnormal_flag'),
    status: row.text('status') ?? 'final',
  };
  const key = row.text('result_id') ?? contentKey(observation);
  emit({ kind: 'observation', memberId: row.text('member_id') ?? '', source, key, observation });
}

/** A number, a comparator and a number, or words. */
function resultOf(result: string): Pick<Observation, 'value' | 'comparator' | 'text'> {
  if (PLAIN.test(result)) return { value: Number(result), comparator: null, text: null };
  const [, comparator, number] = COMPARED.exec(result) ?? [];
  if (comparator === '<' || comparator === '<=' || comparator === '>' || comparator === '>=') {
    return { value: Number(number), comparator, text: null };
  }
  return { value: null, comparator: null, text: result };
}

/** LOINC code, default unit and plausible range of each vital sign; the range is in the units named. */
interface VitalSign {
  readonly loinc: string;
  /** For signs whose unit goes without saying. */
  readonly unit: string | null;
  readonly unitRequired: boolean;
  readonly plausible: readonly [number, number] | null;
}

const VITALS: Readonly<Record<string, VitalSign>> = {
  bmi: { loinc: '39156-5', unit: 'kg/m2', unitRequired: false, plausible: [5, 150] },
  height: { loinc: '8302-2', unit: null, unitRequired: true, plausible: [30, 280] },
  weight: { loinc: '29463-7', unit: null, unitRequired: true, plausible: [0.5, 700] },
  systolic: { loinc: '8480-6', unit: 'mm[Hg]', unitRequired: false, plausible: [30, 350] },
  diastolic: { loinc: '8462-4', unit: 'mm[Hg]', unitRequired: false, plausible: [10, 250] },
  heart_rate: { loinc: '8867-4', unit: '/min', unitRequired: false, plausible: null },
  oxygen_saturation: { loinc: '59408-5', unit: '%', unitRequired: false, plausible: null },
  phq9: { loinc: '44261-6', unit: '{score}', unitRequired: false, plausible: null },
  lvef: { loinc: '10230-1', unit: '%', unitRequired: false, plausible: null },
};
const VITAL_OF_LOINC: ReadonlyMap<string, VitalSign> = new Map(
  Object.values(VITALS).map((sign) => [sign.loinc, sign]),
);
/** To the unit of the plausible range: centimetres and kilograms. */
const TO_RANGE_UNIT: Readonly<Record<string, number>> = {
  m: 100,
  mm: 0.1,
  in: 2.54,
  '[in_i]': 2.54,
  '[in_us]': 2.54,
  ft: 30.48,
  '[ft_i]': 30.48,
  g: 0.001,
  lb: 0.45359237,
  lbs: 0.45359237,
  '[lb_av]': 0.45359237,
  oz: 0.028349523,
  '[oz_av]': 0.028349523,
};

function signOf(row: TableRow): VitalSign | undefined {
  const type = row.text('vital_type') ?? '';
  return Object.hasOwn(VITALS, type) ? VITALS[type] : VITAL_OF_LOINC.get(row.text('loinc_code') ?? '');
}

/** Reader of vitals.csv. A value outside the plausible range is kept as text, so that no rule reads it as a number. */
export function vitalsReader(): TableReader {
  return { judge: judgeVital, take: takeVital, finish: () => undefined };
}

function judgeVital(row: TableRow): void {
  const type = row.text('vital_type');
  if (type !== null && !Object.hasOwn(VITALS, type) && row.text('loinc_code') === null) {
    // A category of observations says what was measured only together with a LOINC code.
    row.problem('bad_code', 'vital_type', { value: type, allowed: Object.keys(VITALS).join(', ') });
    return;
  }
  if (type === null && row.text('loinc_code') === null) {
    const refused = row.problems.some(({ field }) => field === 'vital_type' || field === 'loinc_code');
    if (!refused) row.problem('required_one_of', 'vital_type', { fields: 'vital_type, loinc_code' });
    return;
  }
  const sign = signOf(row);
  const unit = row.text('unit');
  if (sign?.unitRequired === true && unit === null) row.problem('required', 'unit');
  const value = row.number('value');
  if (!sign?.plausible || value === null) return;
  const [min, max] = sign.plausible;
  const inRange = value * (TO_RANGE_UNIT[unit?.toLowerCase() ?? ''] ?? 1);
  if (inRange >= min && inRange <= max) return;
  row.problem('implausible_value', 'value', { value: String(value), min: String(min), max: String(max) });
}

function takeVital(row: TableRow, source: SourceRef, emit: Emit): void {
  const sign = signOf(row);
  const value = row.number('value');
  const implausible = row.problems.some(({ code }) => code === 'implausible_value');
  const observation: Observation = {
    code: row.text('loinc_code') ?? sign?.loinc ?? '',
    system: 'loinc',
    date: row.text('observed_date') ?? '',
    value: implausible ? null : value,
    comparator: null,
    text: implausible ? String(value) : null,
    unit: row.text('unit') ?? sign?.unit ?? null,
    interpretation: null,
    status: 'final',
  };
  emit({
    kind: 'observation',
    memberId: row.text('member_id') ?? '',
    source,
    key: contentKey(observation),
    observation,
  });
}

/** Reader of medications.csv: a dispensing is a fill, a prescription alone an order. */
export function medicationsReader(context: BatchContext): TableReader {
  return {
    judge: judgeMedication,
    take: (row, source, emit) => takeMedication(row, source, { context, emit }),
    finish: () => undefined,
  };
}

function judgeMedication(row: TableRow): void {
  for (const [one, other] of [
    ['ndc_code', 'rxnorm_code'],
    ['dispensing_date', 'prescribing_date'],
  ] as const) {
    const refused = row.problems.some(({ field }) => field === one || field === other);
    if (row.text(one) === null && row.text(other) === null && !refused) {
      row.problem('required_one_of', one, { fields: `${one}, ${other}` });
    }
  }
}

function takeMedication(
  row: TableRow,
  source: SourceRef,
  { context, emit }: { readonly context: BatchContext; readonly emit: Emit },
): void {
  const ndc = row.text('ndc_code');
  const rxnorm = row.text('rxnorm_code');
  const dispensed = row.text('dispensing_date');
  const drug = context.options.lookups.drug?.({ ndc, rxnorm, name: row.text('drug_name') }) ?? null;
  const medication: Medication = {
    code: rxnorm ?? ndc,
    system: rxnorm === null ? 'ndc' : 'rxnorm',
    ingredient: drug?.ingredient ?? row.text('drug_name'),
    route: drug?.route ?? null,
    date: dispensed ?? row.text('prescribing_date') ?? '',
    daysSupply: row.number('days_supply'),
    source: dispensed === null ? 'order' : 'fill',
    setting: 'outpatient',
    status: row.text('status') ?? (dispensed === null ? 'active' : 'completed'),
  };
  emit({
    kind: 'medication',
    memberId: row.text('member_id') ?? '',
    source,
    key: contentKey(medication),
    medication,
  });
}
