import type { ReferenceData } from '../src/engine/reference-data.ts';
import type { ModelId } from '../src/engine/score-contract.ts';
import { picker } from './measure.ts';

export const DIAGNOSES = 8;

/** A model and year that a bench scores. */
export interface Scope {
  readonly model: ModelId;
  readonly paymentYear: number;
}

/** Every model that has a year with all that a score needs: RxHCC V05 has none (no mapping of 2024, its only factors). */
export const SCOPES: readonly Scope[] = [
  { model: 'cms-hcc-v22', paymentYear: 2026 },
  { model: 'cms-hcc-v24', paymentYear: 2025 },
  { model: 'cms-hcc-v28', paymentYear: 2027 },
  { model: 'esrd-v21', paymentYear: 2026 },
  { model: 'esrd-v24', paymentYear: 2027 },
  { model: 'rxhcc-v08', paymentYear: 2027 },
  { model: 'hhs-hcc-v07', paymentYear: 2022 },
  { model: 'hhs-hcc-v08', paymentYear: 2026 },
];

/** Invented members with eight diagnoses each, drawn from the codes that the model maps; one JSON line a member. */
export function inventedLines(
  reference: ReferenceData,
  { model, paymentYear }: Scope,
  count: number,
): string[] {
  const codes = mappedCodes(reference, { model, paymentYear });
  if (codes.length === 0) throw new Error(`${model} maps no code in ${paymentYear}`);
  const pick = picker(20261123);
  const two = (value: number): string => String(value).padStart(2, '0');
  const isHhs = model.startsWith('hhs-');
  return Array.from({ length: count }, (_, at) =>
    JSON.stringify({
      id: `bench-${at}`,
      model,
      [isHhs ? 'benefitYear' : 'paymentYear']: paymentYear,
      member: isHhs
        ? { sex: pick(2) ? 'F' : 'M', age: 21 + pick(43), metal: ['silver', 'gold', 'bronze'][pick(3)] }
        : {
            sex: pick(2) ? 'F' : 'M',
            birthDate: `${1930 + pick(35)}-${two(1 + pick(12))}-${two(1 + pick(28))}`,
            originalEntitlement: pick(6) ? '0' : '1',
            dualStatus: ['00', '00', '00', '00', '02', '01'][pick(6)],
            institutional: pick(30) === 0,
            newEnrollee: pick(30) === 0,
            ...(model.startsWith('esrd-') ? { esrd: { status: 'dialysis' } } : {}),
            ...(model.startsWith('rxhcc-') ? { partD: 'mapd' } : {}),
          },
      diagnoses: Array.from({ length: DIAGNOSES }, () => codes[pick(codes.length)]),
    }),
  );
}

function mappedCodes(reference: ReferenceData, { model, paymentYear }: Scope): readonly string[] {
  if (model === 'hhs-hcc-v07' || model === 'hhs-hcc-v08') {
    return [...(reference.hhs.forYear(paymentYear)?.categories.keys() ?? [])];
  }
  return [...(reference.models.get(model)?.years.get(paymentYear)?.mapping.keys() ?? [])];
}
