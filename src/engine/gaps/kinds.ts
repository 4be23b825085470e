import type { GapKind } from '../analysis-contract.ts';
import { clinicalSuspectGaps } from './clinical-suspect.ts';
import { codedNotEligibleGaps } from './coded-not-eligible.ts';
import type { AnalysisContext } from './context.ts';
import { documentedGaps } from './documented.ts';
import type { KindResult } from './draft.ts';
import { overCodingGaps } from './over-coding.ts';
import { recaptureGaps } from './recapture.ts';
import { specificityGaps } from './specificity.ts';

/** The six kinds, each a function of the context alone; precedence across them is the decision table's. */
export const KINDS: Readonly<Record<GapKind, (context: AnalysisContext) => KindResult>> = {
  recapture: recaptureGaps,
  specificity: specificityGaps,
  documented_not_coded: documentedGaps,
  coded_not_eligible: codedNotEligibleGaps,
  clinical_suspect: (context) => clinicalSuspectGaps(context),
  over_coding: overCodingGaps,
};
