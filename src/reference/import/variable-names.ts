/** Column titles of CMS's relative factor tables (Python packages, PY2026 on) and the segments they are. */
const SEGMENT_OF_COLUMN: Readonly<Record<string, string>> = {
  COMMUNITY_NA: 'CNA',
  COMMUNITY_PBA: 'CPA',
  COMMUNITY_FBA: 'CFA',
  COMMUNITY_ND: 'CND',
  COMMUNITY_PBD: 'CPD',
  COMMUNITY_FBD: 'CFD',
  INSTITUTIONAL: 'INS',
  NEW_ENROLLEE: 'NE',
  SNP_NEW_ENROLLEE: 'SNPNE',
  DIAL: 'DI',
  GRAFT_COMM: 'GC',
  GRAFT_INST: 'GI',
  GRAFT_COMM_ND_PBD_GE65: 'GNPA',
  GRAFT_COMM_ND_PBD_LT65: 'GNPN',
  GRAFT_COMM_FBD_GE65: 'GFA',
  GRAFT_COMM_FBD_LT65: 'GFN',
  CE_NONLOWAGED: 'CE_NoLowAged',
  CE_NONLOWNONAGED: 'CE_NoLowNoAged',
  CE_LOWAGED: 'CE_LowAged',
  CE_LOWNONAGED: 'CE_LowNoAged',
  CE_LTI: 'CE_LTI',
  NE_NONLOW_COMMUNITY: 'NE_NoLo',
  NE_LOW_COMMUNITY: 'NE_Lo',
  NE_LTI: 'NE_LTI',
};

/** Tables with one `Score` column: the segment is told by the file's name. */
const SEGMENT_OF_FILE: readonly (readonly [RegExp, string])[] = [
  [/NE_Dialysis_Relative_Factors/i, 'DNE'],
  [/NE_Graft_Relative_Factors/i, 'GNE'],
  [/Institutional_Graft_Scores/i, 'GRAFT_DURATION'],
  [/Graft_Duration_Scores/i, 'GRAFT_DURATION'],
  [/Transplant_Scores/i, 'TRANSPLANT'],
];

/** Our segment of a column, or null when the title is unknown. */
export function segmentOfColumn(file: string, column: string): string | null {
  const named = SEGMENT_OF_COLUMN[column.toUpperCase()];
  if (named !== undefined) return named;
  return SEGMENT_OF_FILE.find(([pattern]) => pattern.test(file))?.[1] ?? null;
}

/** Spellings of one variable that differ between CMS's SAS and Python programs, as one key. */
export function variableKey(variable: string): string {
  return variable
    .trim()
    .toUpperCase()
    .replace(/_NORIGDIS_X_/, '_NOD_X_')
    .replace(/_ORIGDIS_X_/, '_OD_X_')
    .replace(/^ORIGDIS$|^OD65$/, 'ORIGDS')
    .replace('PRESSURE_ULCER_V24', 'PRESS_ULCER_V24')
    .replace(/^ART_OPENINGS_PRESSURE_ULCER$/, 'ART_OPENINGS_PRESS_ULCER')
    .replace(/^(DUR\w+)_([LG][TE]65)$/, '$2_$1')
    .replace(/^FGC_/, '');
}
