import type { GapKind } from '../analysis-contract.ts';
import { codedNotEligibleGaps } from './coded-not-eligible.ts';
import type { AnalysisContext } from './context.ts';
import { documentedGaps } from './documented.ts';
import { type KindResult, NOTHING_FOUND } from './draft.ts';
import { recaptureGaps } from './recapture.ts';
import { specificityGaps } from './specificity.ts';

/** The six kinds, each a function of the context alone; precedence across them is the decision table's. */
export const KINDS: Readonly<Record<GapKind, (context: AnalysisContext) => KindResult>> = {
  recapture: recaptureGaps,
  specificity: specificityGaps,
  documented_not_coded: documentedGaps,
  coded_not_eligible: codedNotEligibleGaps,
  clinical_suspect: () => NOTHING_FOUND,
  over_coding: () => NOTHING_FOUND,
};
