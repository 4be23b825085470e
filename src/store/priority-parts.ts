/** Parts of the order of a worklist; analysis/priority.ts says what each is. */
export const PRIORITY_PARTS = [
  'complianceFirst',
  'impact',
  'deadline',
  'confidence',
  'visitSoon',
  'findingAge',
] as const;
export type PriorityPartName = (typeof PRIORITY_PARTS)[number];

/** One part: `points` is `value` times `weight`, rounded; the points add up to the gap's priority. */
export interface PriorityPart {
  readonly name: PriorityPartName;
  readonly value: number;
  readonly weight: number;
  readonly points: number;
  readonly why: string;
}

/** A part as stored: without the names of its fields, which are half of what it takes to write one. */
export type PackedPart = readonly [
  name: PriorityPartName,
  value: number,
  weight: number,
  points: number,
  why: string,
];

export function packPart({ name, value, weight, points, why }: PriorityPart): PackedPart {
  return [name, value, weight, points, why];
}

/** The part as it was packed, or as an older version stored it whole. */
export function unpackPart(stored: PackedPart | PriorityPart): PriorityPart {
  if ('name' in stored) return stored;
  const [name, value, weight, points, why] = stored;
  return { name, value, weight, points, why };
}
