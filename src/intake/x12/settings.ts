/** Policy switches of the X12 formats; the defaults are the strict rules. */
export interface X12Settings {
  /** Malformed composites, broken hierarchies and faulty envelopes are read with a warning instead of rejected. */
  readonly lenient: boolean;
  /** Admitting diagnoses, reasons for visit and external causes count as diagnoses of the claim. */
  readonly includeNonFinalDiagnoses: boolean;
  /** Longest segment, in characters. */
  readonly segmentCharacters: number;
  /** What each 834 sender puts where the guide has no place for it; the first rule that fits wins. */
  readonly enrollment: readonly EnrollmentRule[];
}

/** `sender` is GS02 or ISA06; the value is the `component`-th piece (from 1) of REF02 split at `separator`. */
export interface EnrollmentRule {
  readonly sender: string;
  readonly loop: 'member' | 'coverage';
  readonly qualifier: string;
  readonly separator: string | null;
  readonly component: number;
  readonly field:
    | 'dualStatus'
    | 'institutional'
    | 'hospice'
    | 'originalEntitlement'
    | 'contractId'
    | 'planId';
  /** Value as sent -> our value; null takes the value as it is. */
  readonly values: Readonly<Record<string, string>> | null;
}

export const STRICT: X12Settings = {
  lenient: false,
  includeNonFinalDiagnoses: false,
  segmentCharacters: 65_536,
  enrollment: [],
};
