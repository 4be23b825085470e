import type { Setting } from '../../engine/history.ts';
import type { ClaimDraft, Located } from './claim-draft.ts';
import type { Remarks } from './claim-remarks.ts';
import { type DateSpan, dateSpan } from './values.ts';

/** The span of a DTP; null, with a remark, when it holds no usable date. */
export function spanOf(at: Located, remarks: Remarks): DateSpan | null {
  const span = dateSpan(at.elements[2] ?? '', at.elements[3] ?? '');
  if (span === null) {
    const message = 'not a calendar date, or a range that ends before it starts';
    remarks.error(at, 'DTP03', 'date_invalid', message, at.elements[3]);
  }
  return span;
}

/**
 * The dates of service. Professional and outpatient: those of the lines, else of the claim. Inpatient: the statement
 * period (434), whose end is the discharge; else the admission (435), else the lines. The end is what decides the
 * date-of-service year (through date).
 */
export function claimSpan(
  draft: ClaimDraft,
  context: { readonly setting: Setting; readonly lines: readonly DateSpan[]; readonly remarks: Remarks },
): DateSpan | null {
  const lines = joined(context.lines);
  if (context.setting !== 'inpatient' && lines !== null) return lines;
  const claimed = (qualifier: string) =>
    joined(
      draft.dates
        .filter((at) => at.elements[1] === qualifier)
        .map((at) => spanOf(at, context.remarks))
        .filter((span) => span !== null),
    );
  const statement = claimed('434') ?? claimed('472');
  if (statement !== null) return statement;
  const admission = claimed('435');
  // 096 is an hour in the institutional guide and a date in the professional one.
  const discharge = context.setting === 'professional' ? claimed('096') : null;
  return joined([admission, discharge].filter((span) => span !== null)) ?? lines;
}

function joined(spans: readonly DateSpan[]): DateSpan | null {
  const from = spans.map((span) => span.from).sort()[0];
  const to = spans
    .map((span) => span.to)
    .sort()
    .at(-1);
  return from === undefined || to === undefined ? null : { from, to };
}
