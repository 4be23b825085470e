import { REVIEWER } from '../engine/gaps/over-coding.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { describeRule } from '../engine/suspects/describe.ts';
import type { SuspectRule } from '../engine/suspects/rule.ts';

/** A rule for people: what it says, what it rests on, and whether anyone has signed it. */
export interface RuleWords {
  readonly ruleId: string;
  readonly words: string;
  readonly citations: readonly { readonly title: string; readonly url: string | null }[];
  /** The clinical content was reviewed and nobody certified has signed it, unless this says otherwise. */
  readonly clinicalReview: string;
}

/** Until a certified person signs the content (clinical review, section 4) it is reviewed and unsigned. */
function reviewState(status: string): string {
  return status.endsWith('not_certified') ? 'reviewed, unsigned' : status;
}

/** What each kind's own rules say; the part after the dot is explained by the taxonomy's class, reason or sub-kind. */
const KIND_WORDS: Readonly<Record<string, { readonly words: string; readonly basis: string }>> = {
  recapture: {
    words:
      'The HCC was captured in the look-back by an eligible record, its class permits asking again, and no eligible record of the service year has it or an HCC above it.',
    basis: 'gap taxonomy, section 2',
  },
  specificity: {
    words:
      'An eligible diagnosis of the service year is unspecified, and the record of that year holds the detail of a more specific code.',
    basis: 'gap taxonomy, section 3; ICD-10-CM guideline I.B.18',
  },
  documented_not_coded: {
    words:
      'A diagnosis stands in the note of an eligible face-to-face encounter of the service year and on no accepted record of it.',
    basis: 'gap taxonomy, section 4; ICD-10-CM guideline IV.H',
  },
  coded_not_eligible: {
    words:
      'The diagnosis was submitted for the service year, and every record that carries it fails the filter.',
    basis: 'gap taxonomy, section 5; encounter eligibility, section 1.1',
  },
};

const VIA: Readonly<Record<string, string>> = {
  lifelong: 'Class lifelong: open until documented in the year.',
  lifelong_status: 'Class lifelong status: open until documented in the year.',
  chronic: 'Class chronic: open until documented in the year.',
  stateful: "Class stateful: asked as the family's current status; the stage comes from this year's data.",
  active_treatment: 'Class active treatment: open only with evidence of treatment or active disease.',
  device_status: 'Class device status: open while the device or opening is not known to be removed.',
  acute_on_chronic: 'Class acute on chronic: only the chronic base is asked.',
  mixed: 'Class mixed: decided by the code, which is on the chronic list.',
};

/** The rule of a gap in words. Suspect rules and the tests of submitted diagnoses carry their own. */
export function ruleWords(
  { suspecting, overCoding }: Pick<ReferenceData, 'suspecting' | 'overCoding'>,
  ruleId: string,
  ownRules: readonly SuspectRule[] = [],
): RuleWords {
  const review = reviewState(suspecting.library.reviewStatus);
  const [head = '', tail = ''] = ruleId.split('.');
  const kind = KIND_WORDS[head];
  if (kind) {
    return {
      ruleId,
      words: [
        kind.words,
        VIA[tail] ?? (head === 'coded_not_eligible' ? `First reason: ${tail.toUpperCase()}.` : ''),
      ]
        .filter((text) => text !== '')
        .join(' '),
      citations: [{ title: kind.basis, url: null }],
      clinicalReview: review,
    };
  }
  if (ruleId === `over_coding.${REVIEWER.toLowerCase()}`) {
    return {
      ruleId,
      words:
        'A reviewer opened every record of the service year that submits the HCC and found it supported in none. The clock runs until the delete is recorded, or support elsewhere.',
      citations: [
        { title: 'gap taxonomy, section 7, iii', url: null },
        { title: 'compliance, C-2; calendar, section 3', url: null },
      ],
      clinicalReview: review,
    };
  }
  if (head === 'over_coding') {
    const test = overCoding.catalogue.get(tail.toUpperCase());
    return {
      ruleId,
      words: test
        ? `${test.group}: ${test.test} Usually correct: ${test.usualCorrectCoding}. A hit means review, never wrong.`
        : `The submitted diagnosis is contradicted by the record (${tail}). A hit means review, never wrong.`,
      citations: [
        {
          title: test ? `compliance, section 6: ${test.verification}` : 'gap taxonomy, section 7',
          url: null,
        },
      ],
      clinicalReview: review,
    };
  }
  const rule = ownRules.find(({ id }) => id === ruleId) ?? suspecting.rules.find(({ id }) => id === ruleId);
  if (!rule)
    return { ruleId, words: 'a rule that is no longer loaded', citations: [], clinicalReview: review };
  const own = ownRules.includes(rule);
  const { title, firesWhen, ruledOutBy, silentWhen, citations, version } = describeRule(suspecting, rule);
  return {
    ruleId,
    words: [
      `${title} (version ${version}). Fires when: ${firesWhen}.`,
      ruledOutBy.length > 0 ? `Ruled out by: ${ruledOutBy.join('; ')}.` : '',
      `Silent when ${silentWhen}.`,
    ]
      .filter((text) => text !== '')
      .join(' '),
    citations: citations.map(({ title: name, url }) => ({ title: name, url })),
    clinicalReview: own ? "the tenant's own rule" : review,
  };
}
