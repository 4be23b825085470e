import type { PackageContent } from './package-writer.ts';
import { WORDS } from './query-words.ts';

/** Templates of provider queries (compliance brief, section 4); they await a compliance officer. */
const STATUS_ANSWERS = [
  'present',
  'resolved',
  'in_remission',
  'history_of',
  'never_had',
  'other',
  'unable_to_determine',
];

const TEMPLATES = [
  {
    id: 'recapture',
    version: '1.0.0',
    gapKind: 'recapture',
    type: 'open_ended',
    timing: 'prospective',
    priorOnly: true,
    opening: 'Recorded before: {facts}.',
    question: 'What is its status at this visit?',
    answers: STATUS_ANSWERS,
  },
  {
    id: 'suspect',
    version: '1.0.0',
    gapKind: 'clinical_suspect',
    type: 'open_ended',
    timing: 'prospective',
    priorOnly: false,
    opening: 'On record: {facts}.',
    question: 'What is the clinical significance of these findings, if any?',
    answers: ['condition', 'not_clinically_significant', 'unable_to_determine', 'other'],
  },
  {
    id: 'specificity',
    version: '1.0.0',
    gapKind: 'specificity',
    type: 'open_ended',
    timing: 'retrospective',
    priorOnly: false,
    opening: 'The record of this visit holds: {facts}.',
    question:
      'Can you clarify, from your note of this visit, how these are related or further specified, if they are?',
    answers: ['condition', 'not_clinically_significant', 'unable_to_determine', 'other'],
  },
  {
    id: 'conflict',
    version: '1.0.0',
    gapKind: 'over_coding',
    type: 'open_ended',
    timing: 'retrospective',
    priorOnly: false,
    opening: 'The record of this visit and related records hold: {facts}.',
    question: 'Can you clarify what your note of this visit supports, if any of these?',
    answers: ['condition', 'never_had', 'history_of', 'resolved', 'unable_to_determine', 'other'],
  },
];

const ANSWERS = {
  condition: 'Condition: ____',
  present: 'Present',
  resolved: 'Resolved',
  in_remission: 'In remission',
  history_of: 'History of, no longer present',
  never_had: 'Never had it',
  not_clinically_significant: 'Not clinically significant',
  unable_to_determine: 'Unable to determine',
  other: 'Other: ____',
  yes: 'Yes',
  no: 'No',
};

/** By V28 HCC: words that name the condition, and a question of its own where the general one reads badly. */
const CONDITIONS: readonly {
  readonly hccs: readonly string[];
  readonly terms: readonly string[];
  readonly question?: string;
}[] = [
  { hccs: ['1'], terms: ['hiv', 'aids', 'human immunodeficiency virus'] },
  {
    hccs: ['17', '18', '19', '20', '21', '22', '23'],
    terms: [
      'cancer',
      'carcinoma',
      'malignancy',
      'malignant',
      'leukemia',
      'lymphoma',
      'myeloma',
      'tumor',
      'neoplasm',
      'metastatic',
      'metastasis',
    ],
  },
  {
    hccs: ['36', '37', '38', '298'],
    terms: [
      'diabetes',
      'diabetic',
      'dm2',
      't2dm',
      't1dm',
      'diabetic nephropathy',
      'diabetic kidney disease',
      'retinopathy',
    ],
  },
  {
    hccs: ['48'],
    terms: ['obesity', 'obese', 'morbidly obese'],
    question: 'Can you state the clinical significance of the body mass index, if any?',
  },
  {
    hccs: ['49', '50', '51'],
    terms: [
      'lysosomal',
      'gaucher',
      'fabry',
      'pompe',
      'amyloidosis',
      'adrenal insufficiency',
      'addison',
      'acromegaly',
    ],
  },
  {
    hccs: ['62', '63', '64', '65', '68'],
    terms: [
      'cirrhosis',
      'cirrhotic',
      'hepatic encephalopathy',
      'end-stage liver disease',
      'chronic hepatitis',
      'hepatitis',
      'hepatitis c',
      'hepatitis b',
      'liver transplant',
    ],
  },
  {
    hccs: ['77', '78', '79', '80', '81'],
    terms: [
      'crohn',
      'ulcerative colitis',
      'inflammatory bowel disease',
      'ibd',
      'chronic pancreatitis',
      'pancreatitis',
    ],
  },
  { hccs: ['92', '93', '94'], terms: ['rheumatoid arthritis', 'lupus', 'sle', 'inflammatory arthritis'] },
  {
    hccs: ['107', '108', '109', '111', '112', '114'],
    terms: [
      'pancytopenia',
      'thrombocytopenia',
      'itp',
      'hemophilia',
      'aplastic',
      'sickle cell',
      'immune deficiency',
    ],
  },
  { hccs: ['125', '126', '127'], terms: ['dementia', 'alzheimer', "alzheimer's", 'cognitive impairment'] },
  {
    hccs: ['135', '136', '137', '138', '139'],
    terms: [
      'opioid use disorder',
      'opioid dependence',
      'alcohol use disorder',
      'alcohol dependence',
      'substance use disorder',
      'addiction',
      'dependence',
    ],
  },
  {
    hccs: ['151', '152', '153', '154', '155'],
    terms: [
      'depression',
      'depressive disorder',
      'mdd',
      'bipolar',
      'schizophrenia',
      'psychosis',
      'mood disorder',
    ],
    question: 'What is the clinical significance of these scores and treatments, if any?',
  },
  {
    hccs: ['180', '181', '182', '190', '191', '192', '195', '196', '197', '198', '199', '200', '201', '202'],
    terms: [
      'multiple sclerosis',
      'parkinson',
      "parkinson's",
      'als',
      'amyotrophic lateral sclerosis',
      'myasthenia',
      'epilepsy',
      'seizure disorder',
      'quadriplegia',
      'paraplegia',
    ],
  },
  {
    hccs: ['211', '212', '213'],
    terms: [
      'respiratory failure',
      'hypoxemic respiratory failure',
      'ventilator dependence',
      'tracheostomy status',
    ],
  },
  {
    hccs: ['221', '222', '223', '224', '225', '226', '227'],
    terms: [
      'heart failure',
      'congestive heart failure',
      'chf',
      'hfref',
      'hfpef',
      'cardiomyopathy',
      'pulmonary hypertension',
    ],
  },
  {
    hccs: ['228', '229', '238'],
    terms: [
      'myocardial infarction',
      'heart attack',
      'angina',
      'atrial fibrillation',
      'afib',
      'a-fib',
      'atrial flutter',
      'arrhythmia',
    ],
  },
  {
    hccs: ['248', '249', '253', '254'],
    terms: ['stroke', 'cerebral infarction', 'intracranial hemorrhage', 'hemiplegia', 'hemiparesis'],
  },
  {
    hccs: ['263', '264', '267'],
    terms: [
      'peripheral vascular disease',
      'peripheral arterial disease',
      'pad',
      'pvd',
      'deep vein thrombosis',
      'dvt',
      'pulmonary embolism',
    ],
  },
  {
    hccs: ['276', '277', '278', '279', '280'],
    terms: [
      'copd',
      'chronic obstructive pulmonary disease',
      'emphysema',
      'chronic bronchitis',
      'asthma',
      'pulmonary fibrosis',
      'interstitial lung disease',
      'cystic fibrosis',
    ],
  },
  { hccs: ['300'], terms: ['macular degeneration', 'wet amd', 'exudative'] },
  {
    hccs: ['326', '327', '328', '329'],
    terms: [
      'chronic kidney disease',
      'ckd',
      'renal insufficiency',
      'renal failure',
      'kidney failure',
      'esrd',
    ],
    question: 'What is the clinical significance of the kidney function results, if any?',
  },
  { hccs: ['379', '380', '381', '382', '383'], terms: ['pressure ulcer', 'decubitus', 'chronic ulcer'] },
  {
    hccs: ['35', '409', '454', '463'],
    terms: ['amputation', 'amputee', 'transplant status', 'ostomy', 'colostomy', 'gastrostomy'],
    question: 'What is the current status shown by these records, if any?',
  },
];

/** Package `queries`: word lists, templates and terms by condition, as data. */
export function buildQueries(): PackageContent {
  const json = (name: string, value: unknown): { name: string; content: string } => ({
    name,
    content: `${JSON.stringify(value, null, 2)}\n`,
  });
  return {
    id: 'queries',
    kind: 'gaps',
    title: 'Provider query templates, answers and word lists',
    version: '2026-11-23',
    paymentYears: [],
    sources: [
      'Product rules CQ-1 to CQ-14, after the AHIMA/ACDIS practice brief on compliant queries (2022 update), as relayed',
      'OIG compliance program guidance for Medicare Advantage, 3 February 2026, as relayed',
    ],
    provenance: [{ scope: 'all', mark: 'word lists and templates await a compliance officer and counsel' }],
    properties: { policyWindowDays: 30 },
    files: [
      json('words.json', WORDS),
      json('templates.json', { answers: ANSWERS, templates: TEMPLATES }),
      json('conditions.json', CONDITIONS),
    ],
  };
}
