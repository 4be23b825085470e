import { day, type Scenario } from './scenarios-adds.ts';
import type { Story } from './story.ts';

/** A diagnosis of this year on a claim that does not count, for one reason. */
function notEligible(name: string, tell: (story: Story) => void, weight = 2): Scenario {
  return { name: `coded on a record that does not count: ${name}`, weight, tell };
}

/** Gaps that question what was sent: records that do not count, over-coding; and near misses. */
export const DELETE_SCENARIOS: readonly Scenario[] = [
  notEligible('vaccination visit', (story) => {
    story.visit({ date: day(story, 2026, 10), dx: ['E11.22', 'I50.22'], cpt: 'G0008' });
  }),
  notEligible('laboratory and film', (story) => {
    const claim = story.visit({ date: '2026-03-24', dx: ['E11.42'], cpt: '80053' });
    story.line(claim, 2, { claim_type: 'professional', claim_start_date: '2026-03-24', hcpcs_code: '71046' });
  }),
  notEligible('supplies', (story) => {
    story.claim({
      claim_type: 'dme',
      claim_start_date: '2026-05-05',
      claim_end_date: '2026-05-05',
      hcpcs_code: 'E0143',
      diagnosis_code_1: 'G20.A1',
    });
  }),
  notEligible(
    'audio only',
    (story) => {
      story.visit({ date: day(story, 2026, 6), dx: ['J44.9'], cpt: '99213', modifier: '93', place: '10' });
    },
    4,
  ),
  notEligible(
    'audio only, one line of two',
    (story) => {
      const claim = story.visit({ date: '2026-06-16', dx: ['J44.9'], cpt: '99213', modifier: '93' });
      const line = { claim_type: 'professional', claim_start_date: '2026-06-16' };
      story.line(claim, 2, { ...line, hcpcs_code: '99214' });
    },
    1,
  ),
  notEligible(
    'chart review without a link',
    (story) => {
      chartReview(story, { date: day(story, 2026, 5), dx: ['I50.22'], linked: '' });
    },
    4,
  ),
  notEligible('bill type', (story) => {
    facility(story, { date: day(story, 2026, 4), dx: ['N18.6'], bill: '721', cpt: '' });
  }),
  notEligible('outpatient without a listed procedure', (story) => {
    facility(story, { date: day(story, 2026, 4), dx: ['I48.20'], bill: '131', cpt: '80053' });
  }),
  notEligible('rejected by the receiver', (story) => {
    story.visit({ date: day(story, 2026, 2), dx: ['M05.79'], more: { acceptance: 'rejected' } });
  }),
  notEligible('disallowed by MAO-004', (story) => {
    story.visit({ date: day(story, 2026, 2), dx: ['E11.51'], more: { mao004: 'disallowed' } });
  }),
  notEligible('a code that ended before the visit', (story) => {
    story.visit({ date: day(story, 2026, 7), dx: ['G20'] });
  }),
  notEligible('void', (story) => {
    const claim = story.visit({ date: '2026-02-11', dx: ['I50.22'] });
    story.visit({
      date: '2026-02-11',
      dx: ['I50.22'],
      more: { frequency_code: '8', original_claim_id: claim },
    });
  }),
  notEligible('a code of childhood', (story) => {
    story.visit({ date: day(story, 2026, 6), dx: ['C93.30'] });
  }),
  {
    name: 'counted, with a flag: laboratory specialty, record not signed',
    weight: 2,
    tell: (story) => {
      const provider = { npi: '1999000098', specialty: '69' };
      story.visit({ date: day(story, 2026, 3), dx: ['E11.42'], provider });
      story.visit({ date: day(story, 2026, 5), dx: ['I50.22'], more: { signed: 'N' } });
    },
  },
  {
    name: 'allowed by MAO-004 against the rules',
    weight: 1,
    tell: (story) => {
      story.visit({ date: day(story, 2026, 2), dx: ['E11.42'], cpt: '93000', more: { mao004: 'allowed' } });
    },
  },
  {
    name: 'claim replaced with fewer diagnoses',
    weight: 3,
    tell: (story) => {
      const claim = story.visit({ date: '2026-03-03', dx: ['E11.22', 'N18.32', 'I50.22'] });
      const more = { frequency_code: '7', original_claim_id: claim };
      story.visit({ date: '2026-03-03', dx: ['E11.22', 'N18.32'], more });
    },
  },
  {
    name: 'linked chart reviews that add and delete',
    weight: 3,
    tell: (story) => {
      const claim = story.visit({ date: '2026-04-21', dx: ['I10', 'C61'] });
      story.is({ sex: 'M' });
      chartReview(story, { date: '2026-04-21', dx: ['J44.9'], linked: claim });
      chartReview(story, { date: '2026-04-21', dx: ['C61'], linked: claim, action: 'D' });
    },
  },
  {
    name: 'unlinked chart review of last year',
    weight: 3,
    tell: (story) => chartReview(story, { date: day(story, 2025, 5), dx: ['I50.22'], linked: '' }),
  },
  {
    name: 'switched plans, unlinked chart review',
    weight: 2,
    tell: (story) => {
      story.is({ switcher: 'Y', enrollment_start_date: '2026-01-01' });
      chartReview(story, { date: day(story, 2026, 3), dx: ['E11.42'], linked: '' });
    },
  },
  overcoding('acute stroke in the office', ['I63.9']),
  overcoding('acute infarction in the office', ['I21.4']),
  overcoding('sepsis in the office', ['A41.9']),
  overcoding('clot without an anticoagulant', ['I82.401']),
  overcoding('depression seen once, untreated', ['F32.1']),
  overcoding('lung cancer without treatment', ['C34.91']),
  overcoding('colon cancer without treatment', ['C18.9']),
  overcoding('both types of diabetes', ['E10.9', 'E11.9']),
  overcoding('two stages of kidney disease', ['N18.31', 'N18.4']),
  {
    name: 'over-coding: prostate cancer at 80 without treatment',
    weight: 2,
    tell: (story) => {
      story.is({ sex: 'M', birth_date: '1945-06-05', part_b_start_date: '2010-06-01' });
      story.visit({ date: day(story, 2026, 5), dx: ['C61'] });
    },
  },
  {
    name: 'over-coding: severe obesity against the body mass index',
    weight: 2,
    tell: (story) => {
      story.visit({ date: '2026-05-19', dx: ['E66.01'] });
      story.vital('bmi', '2026-05-19', '31.4', 'kg/m2');
    },
  },
  {
    name: 'severe obesity borne out by the body mass index',
    weight: 2,
    tell: (story) => {
      story.visit({ date: '2026-05-19', dx: ['E66.813', 'Z68.41'] });
      story.vital('bmi', '2026-05-19', '43.0', 'kg/m2');
    },
  },
  {
    name: 'over-coding: known from a health risk assessment alone',
    weight: 3,
    tell: (story) => {
      const more = { hra: 'Y' };
      story.visit({ date: day(story, 2026, 3), dx: ['I73.9', 'I50.22'], cpt: 'G0439', place: '12', more });
    },
  },
  {
    name: 'over-coding: end-stage kidney disease without dialysis',
    weight: 2,
    tell: (story) => void story.visit({ date: day(story, 2026, 3), dx: ['N18.6', 'Z99.2'] }),
  },
  {
    name: 'stroke with its hospital stay',
    weight: 2,
    tell: (story) => {
      story.stay('2026-03-10', 5, ['I63.9', 'I10']);
      story.visit({ date: '2026-03-20', dx: ['I69.351'] });
    },
  },
  {
    name: 'clot under an anticoagulant',
    weight: 2,
    tell: (story) => {
      story.visit({ date: '2026-02-09', dx: ['I82.401'] });
      story.fills('1114195', 'rivaroxaban', '2026-02-09', 6);
    },
  },
];

function overcoding(name: string, dx: readonly string[]): Scenario {
  return {
    name: `over-coding: ${name}`,
    weight: 2,
    tell: (story) => void story.visit({ date: day(story, 2026, 4), dx }),
  };
}

function chartReview(
  story: Story,
  review: {
    readonly date: string;
    readonly dx: readonly string[];
    readonly linked: string;
    readonly action?: 'A' | 'D';
  },
): void {
  story.claim({
    claim_type: 'professional',
    claim_start_date: review.date,
    claim_end_date: review.date,
    chart_review: review.action ?? 'A',
    linked_claim_id: review.linked,
    rendering_npi: story.pcp.npi,
    rendering_specialty: story.pcp.specialty,
    ...Object.fromEntries(review.dx.map((code, index) => [`diagnosis_code_${index + 1}`, code])),
  });
}

function facility(
  story: Story,
  claim: {
    readonly date: string;
    readonly dx: readonly string[];
    readonly bill: string;
    readonly cpt: string;
  },
): void {
  story.claim({
    claim_type: 'institutional',
    bill_type_code: claim.bill,
    claim_start_date: claim.date,
    claim_end_date: claim.date,
    hcpcs_code: claim.cpt,
    revenue_center_code: '0821',
    ...Object.fromEntries(claim.dx.map((code, index) => [`diagnosis_code_${index + 1}`, code])),
  });
}

/** Members whose enrollment decides how they are scored or listed. */
export const ENROLLMENT_SCENARIOS: readonly Scenario[] = [
  enrolled('full Medicaid', { dual_status_code: '02', low_income: 'Y' }, 6),
  enrolled('partial Medicaid', { dual_status_code: '03', low_income: 'Y' }, 4),
  enrolled(
    'disabled, under 65',
    {
      birth_date: '1972-04-09',
      part_b_start_date: '2015-05-01',
      original_reason_entitlement_code: '1',
    },
    5,
  ),
  enrolled('long-term institutional', { long_term_institutional_flag: 'Y' }, 3),
  enrolled('chronic-condition plan', { snp_type: 'C-SNP' }, 2),
  enrolled('PACE', { line_of_business: 'PACE', contract_id: 'H9902' }, 2),
  enrolled('dialysis', { esrd_status: 'dialysis', original_reason_entitlement_code: '2' }, 2),
  enrolled('kidney graft', { esrd_status: 'functioning_graft', transplant_duration_months: '14' }, 1),
  enrolled('hospice', { hospice_flag: 'Y' }, 2),
  enrolled('died this year', { death_date: '2026-08-30' }, 2),
  enrolled('left the plan', { enrollment_end_date: '2026-06-30' }, 2),
  enrolled(
    'new to Part B',
    {
      birth_date: '1961-02-11',
      part_b_start_date: '2026-03-01',
      enrollment_start_date: '2026-03-01',
    },
    4,
  ),
  enrolled('dual status not known', { dual_status_code: '', original_reason_entitlement_code: '' }, 3),
];

function enrolled(name: string, columns: Readonly<Record<string, string>>, weight: number): Scenario {
  return {
    name: `enrollment: ${name}`,
    weight,
    tell: (story) => {
      story.is(columns);
      if (!('enrollment_start_date' in columns)) {
        story.visit({ date: day(story, 2025, 5), dx: ['E11.42', 'I50.22'] });
      }
      story.visit({ date: day(story, 2026, 4), dx: ['E11.42'] });
    },
  };
}
