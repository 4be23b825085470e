/** Place of a field in a fixed-width record: first and last character, from 1, both included. */
export type Place = readonly [first: number, last: number];

/**
 * Layouts of the files CMS returns, as data: positions come from public code and descriptions (none was read from
 * CMS's own document), so a file of another length is refused rather than read off by one.
 */

/** MAO-004, diagnoses eligible for risk adjustment: 500 characters, `*` between fields. */
export const MAO004 = {
  length: 500,
  /** Records may come with trailing filler trimmed; the last field read ends here. */
  shortest: 119,
  recordType: [1, 1],
  name: [3, 9],
  contract: [11, 15],
  reportDate: [17, 24],
  trailerCount: [17, 34],
  mbi: [17, 28],
  icn: [30, 49],
  switch: [51, 51],
  linkedIcn: [53, 72],
  linkedStatus: [74, 74],
  submitted: [76, 83],
  from: [85, 92],
  through: [94, 101],
  serviceType: [103, 103],
  allowed: [105, 105],
  reason: [107, 107],
} as const;

/** MOR data file, Part C, record J (CMS-HCC V24): 200 characters. Letters of other models are not known. */
export const MOR_J = {
  length: 200,
  shortest: 178,
  recordType: [1, 1],
  headerContract: [2, 6],
  headerRunDate: [7, 14],
  headerMonth: [15, 20],
  trailerCount: [7, 15],
  mbi: [2, 13],
  hccFlags: [70, 155],
  paymentHccCount: [178, 178],
} as const;

/** The HCCs of the flags of record J, in rising order: the 86 payment HCCs of CMS-HCC V24. */
export const MOR_J_HCCS: readonly string[] = (
  '1 2 6 8 9 10 11 12 17 18 19 21 22 23 27 28 29 33 34 35 39 40 46 47 48 51 52 54 55 56 57 58 59 60 70 71 72 73 ' +
  '74 75 76 77 78 79 80 82 83 84 85 86 87 88 96 99 100 103 104 106 107 108 110 111 112 114 115 122 124 134 135 ' +
  '136 137 138 157 158 159 161 162 166 167 169 170 173 176 186 188 189'
).split(' ');

/** MMR detail (monthly membership): 495 characters, no header. */
export const MMR = {
  length: 495,
  contract: [1, 5],
  runDate: [6, 13],
  paymentMonth: [14, 19],
  mbi: [20, 31],
  hospice: [61, 61],
  esrd: [62, 62],
  institutional: [67, 67],
  rafA: [72, 78],
  rafB: [79, 85],
  adjustmentReason: [90, 91],
  adjustmentStart: [92, 99],
  adjustmentEnd: [100, 107],
  amountA: [126, 134],
  amountB: [135, 143],
  planId: [185, 187],
  factorType: [189, 190],
  originalEntitlement: [192, 192],
  dualStatus: [446, 447],
} as const;

/** The text at a place, blanks around it taken off. */
export function field(record: string, [first, last]: Place): string {
  return record.slice(first - 1, last).trim();
}
