import type { Row, Story } from './story.ts';

/** What a member's two years are made to show. */
export interface Scenario {
  readonly name: string;
  /** How often it is told, relative to the others. */
  readonly weight: number;
  readonly tell: (story: Story) => void;
}

/** A day of a month, never so late that it differs between months. */
export function day(story: Story, year: number, month: number): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(story.random.between(1, 27)).padStart(2, '0')}`;
}

/** A chronic condition of last year, seen `visits` times and not yet this year. */
function missedChronic(name: string, weight: number, dx: readonly string[], visits: number): Scenario {
  return {
    name,
    weight,
    tell: (story) => {
      for (let visit = 0; visit < visits; visit += 1)
        story.visit({ date: day(story, 2025, 3 + 4 * visit), dx });
    },
  };
}

/** Gaps that add, refine or link: recapture, specificity, documented not coded, clinical suspects; and near misses. */
export const ADD_SCENARIOS: readonly Scenario[] = [
  {
    name: 'chronic conditions coded in both years',
    weight: 40,
    tell: (story) => {
      const dx = story.random.pick([
        ['E11.22', 'N18.32', 'I10'],
        ['I50.22', 'I48.20'],
        ['J44.9', 'I10'],
        ['E11.42', 'E78.5'],
        ['M05.79', 'M81.0'],
      ]);
      story.visit({ date: day(story, 2025, 2), dx });
      story.visit({ date: day(story, 2025, 8), dx });
      story.visit({ date: day(story, 2026, 4), dx });
    },
  },
  { name: 'no chronic condition', weight: 45, tell: () => undefined },
  missedChronic('heart failure of last year', 10, ['I50.22', 'I10'], 2),
  missedChronic('diabetes with kidney disease of last year', 8, ['E11.22', 'N18.31'], 2),
  missedChronic('lung disease seen once last year', 6, ['J44.9'], 1),
  missedChronic('amputation status of last year', 3, ['Z89.511'], 1),
  missedChronic('Parkinson disease of last year', 3, ['G20.A1'], 2),
  missedChronic('acute on chronic heart failure of last year', 3, ['I50.23'], 1),
  missedChronic('chronic respiratory failure of last year', 3, ['J96.11'], 2),
  missedChronic('peripheral disease that the model has lost', 4, ['I73.9'], 2),
  {
    name: 'rheumatoid arthritis of two years ago',
    weight: 3,
    tell: (story) => void story.visit({ date: day(story, 2024, 6), dx: ['M05.79'] }),
  },
  {
    name: 'acute infarction of last year, old one this year',
    weight: 4,
    tell: (story) => {
      story.stay(day(story, 2025, 5), 4, ['I21.4', 'I10']);
      story.visit({ date: day(story, 2026, 3), dx: ['I25.2'] });
    },
  },
  {
    name: 'kidney disease now captured at a higher stage',
    weight: 3,
    tell: (story) => {
      story.visit({ date: day(story, 2025, 6), dx: ['N18.32'] });
      story.visit({ date: day(story, 2026, 5), dx: ['N18.4'] });
    },
  },
  {
    name: 'severe kidney disease of last year, captured lower this year',
    weight: 3,
    tell: (story) => {
      story.visit({ date: day(story, 2025, 4), dx: ['N18.5'] });
      story.visit({ date: day(story, 2025, 9), dx: ['N18.5'] });
      story.visit({ date: day(story, 2026, 5), dx: ['N18.31'] });
    },
  },
  {
    name: 'depression of last year, in remission this year',
    weight: 3,
    tell: (story) => {
      story.visit({ date: day(story, 2025, 6), dx: ['F33.1'] });
      story.fills('36437', 'sertraline', '2025-06-10', 6);
      story.visit({ date: day(story, 2026, 6), dx: ['F33.42'] });
    },
  },
  {
    name: 'breast cancer under treatment, not yet coded this year',
    weight: 3,
    tell: (story) => {
      story.is({ sex: 'F' });
      story.visit({ date: day(story, 2025, 4), dx: ['C50.911'] });
      story.visit({ date: day(story, 2025, 9), dx: ['C50.911', 'Z79.811'] });
      story.fills('84857', 'anastrozole', '2026-01-10', 9);
    },
  },
  {
    name: 'breast cancer of last year without treatment',
    weight: 2,
    tell: (story) => {
      story.is({ sex: 'F' });
      story.visit({ date: day(story, 2025, 2), dx: ['C50.912'] });
    },
  },
  {
    name: 'unspecified depression with severity in the note',
    weight: 4,
    tell: (story) => {
      const claim = story.visit({ date: '2026-05-12', dx: ['F32.A'] });
      documented(story, { claim, date: '2026-05-12', code: 'F32.1' });
      story.fills('36437', 'sertraline', '2026-05-14', 5);
    },
  },
  {
    name: 'unspecified kidney disease with its stage in the note',
    weight: 4,
    tell: (story) => {
      const claim = story.visit({ date: '2026-06-09', dx: ['N18.9'] });
      documented(story, { claim, date: '2026-06-09', code: 'N18.31' });
    },
  },
  {
    name: 'limb artery disease with ulceration in the note',
    weight: 2,
    tell: (story) => {
      const claim = story.visit({ date: '2026-03-18', dx: ['I70.229'] });
      documented(story, { claim, date: '2026-03-18', code: 'I70.232' });
    },
  },
  {
    name: 'diabetes without complications beside kidney disease',
    weight: 5,
    tell: (story) => void story.visit({ date: day(story, 2026, 5), dx: ['E11.9', 'N18.31'] }),
  },
  {
    name: 'unspecified heart failure with its type in the note',
    weight: 3,
    tell: (story) => {
      const claim = story.visit({ date: '2026-02-17', dx: ['I50.9'] });
      documented(story, { claim, date: '2026-02-17', code: 'I50.22' });
    },
  },
  {
    name: 'unstageable ulcer with a lower stage in the note',
    weight: 2,
    tell: (story) => {
      const claim = story.visit({ date: '2026-07-07', dx: ['L89.150'] });
      documented(story, { claim, date: '2026-07-07', code: 'L89.152' });
      story.visit({ date: '2026-08-04', dx: ['L89.150'] });
    },
  },
  {
    name: 'unspecified depression and nothing further recorded',
    weight: 5,
    tell: (story) => void story.visit({ date: day(story, 2026, 8), dx: ['F32.A'] }),
  },
  {
    name: 'lung disease in the note and on no claim',
    weight: 6,
    tell: (story) => {
      const claim = story.visit({ date: '2026-04-15', dx: ['I10'] });
      documented(story, { claim, date: '2026-04-15', code: 'J44.9' });
    },
  },
  {
    name: 'documented without an encounter to link to',
    weight: 2,
    tell: (story) => documented(story, { claim: '', date: '2026-04-15', code: 'J44.9' }),
  },
  notToBeCoded('uncertain', { condition_code: 'J44.9', verification: 'provisional' }),
  notToBeCoded('of the family', { condition_code: 'C18.9', context: 'family_history' }),
  notToBeCoded('not signed', { condition_code: 'I50.22', signed: 'N' }),
  notToBeCoded('without an assessment', { condition_code: 'I50.22', meat: 'none' }),
  notToBeCoded('on the problem list only', {
    condition_code: 'E11.9',
    condition_source: 'problem_list',
    meat: '',
  }),
  {
    name: 'two low filtration rates without kidney disease coded',
    weight: 5,
    tell: (story) => {
      story.lab('62238-1', '2026-02-10', String(story.random.between(36, 42)), 'mL/min/{1.73_m2}');
      story.lab('62238-1', '2026-07-14', String(story.random.between(32, 41)), 'mL/min/{1.73_m2}');
    },
  },
  {
    name: 'one low filtration rate',
    weight: 4,
    tell: (story) => story.lab('62238-1', '2026-03-11', '38', 'mL/min/{1.73_m2}'),
  },
  {
    name: 'high haemoglobin A1c without diabetes coded',
    weight: 4,
    tell: (story) => {
      story.lab('4548-4', '2026-01-20', '7.4', '%');
      story.lab('4548-4', '2026-06-23', '7.9', '%');
    },
  },
  {
    name: 'body mass index above 40 without obesity coded',
    weight: 4,
    tell: (story) => {
      story.vital('bmi', '2026-02-03', '42.6', 'kg/m2');
      story.vital('bmi', '2026-08-11', '41.8', 'kg/m2');
    },
  },
  {
    name: 'low ejection fraction with a loop diuretic',
    weight: 3,
    tell: (story) => {
      story.vital('lvef', '2026-03-05', '32', '%');
      story.fills('4603', 'furosemide', '2026-03-10', 6);
    },
  },
  {
    name: 'anticoagulant and antiarrhythmic without fibrillation coded',
    weight: 3,
    tell: (story) => {
      story.fills('1364430', 'apixaban', '2026-02-01', 8);
      story.fills('703', 'amiodarone', '2026-02-01', 8);
    },
  },
  {
    name: 'depression scores with treatment and no code',
    weight: 3,
    tell: (story) => {
      story.vital('phq9', '2026-02-18', '17', '{score}');
      story.vital('phq9', '2026-05-20', '15', '{score}');
      story.fills('321988', 'escitalopram', '2026-02-20', 7);
    },
  },
  {
    name: 'antidepressant alone',
    weight: 3,
    tell: (story) => story.fills('72625', 'duloxetine', '2026-01-15', 8),
  },
];

/** A diagnosis in the record of a visit that may not be coded from it. */
function notToBeCoded(why: string, condition: Row): Scenario {
  return {
    name: `documented, not to be coded: ${why}`,
    weight: 2,
    tell: (story) => {
      const claim = story.visit({ date: '2026-09-16', dx: ['I10'] });
      story.condition({
        claim_id: claim,
        recorded_date: '2026-09-16',
        meat: 'assessed',
        signed: 'Y',
        ...condition,
      });
    },
  };
}

/** A diagnosis assessed and signed in the note of a visit. */
function documented(
  story: Story,
  { claim, date, code }: { readonly claim: string; readonly date: string; readonly code: string },
): void {
  story.condition({
    claim_id: claim,
    recorded_date: date,
    condition_code: code,
    meat: 'assessed treated',
    signed: 'Y',
  });
}
