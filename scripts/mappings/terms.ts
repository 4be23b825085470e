import { readTable } from './tables.ts';

const COMMUNITY = 'CNA|CPA|CFA|CND|CPD|CFD';

interface TermLine {
  readonly kind: string;
  readonly name: string;
  readonly when: string;
  readonly segments: string;
  readonly detail: string;
}

/** The demographic conditions that the reference states in words, restated in the grammar of the term table. */
const WORDS: Readonly<Record<string, string>> = {
  'long_term_institutional & any Medicaid (full or partial) in the payment month': 'MEDICAID',
  'any Medicaid': 'MEDICAID',
  'new_enrollee cell; NEMCAID & not NE_ORIGDS': 'MEDICAID & !NE_ORIGDS',
  'new_enrollee cell; NEMCAID & NE_ORIGDS': 'MEDICAID & NE_ORIGDS',
  'new_enrollee cell; not NEMCAID & not NE_ORIGDS': '!MEDICAID & !NE_ORIGDS',
  'new_enrollee cell; not NEMCAID & NE_ORIGDS': '!MEDICAID & NE_ORIGDS',
  'NEMCAID & not NE_ORIGDS': 'MEDICAID & !NE_ORIGDS',
  'NEMCAID & NE_ORIGDS': 'MEDICAID & NE_ORIGDS',
  'not NEMCAID & not NE_ORIGDS': '!MEDICAID & !NE_ORIGDS',
  'not NEMCAID & NE_ORIGDS': '!MEDICAID & NE_ORIGDS',
  'orec in (2,3) & FEMALE & AGE_GE65': '(orec=2 | orec=3) & FEMALE & AGE_GE65',
  'orec in (2,3) & MALE & AGE_GE65': '(orec=2 | orec=3) & MALE & AGE_GE65',
  'age<65 & orec!=0': 'age<65 & orec!=0',
};

const HELPERS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  all: [
    ['MEDICAID', 'dual=full | dual=partial'],
    ['FULL_DUAL', 'dual=full'],
    ['PARTIAL_DUAL', 'dual=partial'],
  ],
  'cms-hcc': [['NE_ORIGDS', 'age>=65 & orec=1']],
  // ESRD: dialysis new enrollees need OREC 1 at any age, graft new enrollees OREC 1 and 65 or more.
  esrd: [
    ['NE_ORIGDS', 'orec=1 & (esrd=dialysis | age>=65)'],
    ['COMMUNITY_GRAFT', 'esrd=graft & !institutional & !newEnrollee'],
    ['INSTITUTIONAL_GRAFT', 'esrd=graft & institutional & !newEnrollee'],
    ['DUR4_9', 'graftMonths>=4 & graftMonths<=9'],
    ['DUR10PL', 'graftMonths>=10'],
    ['CELL_GE65', 'newEnrollee & cellAge>=65 | !newEnrollee & age>=65'],
  ],
  rxhcc: [['ESRD', 'esrd!=none']],
};

/** Segment tests in order (reference, demographics, "Segment choice"); the first that holds is the segment. */
const SEGMENTS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'cms-hcc': [
    ['SNPNE', 'newEnrollee & cSnp'],
    ['NE', 'newEnrollee'],
    ['INS', 'institutional'],
    ['CFA', 'FULL_DUAL & AGE_GE65'],
    ['CFD', 'FULL_DUAL'],
    ['CPA', 'PARTIAL_DUAL & AGE_GE65'],
    ['CPD', 'PARTIAL_DUAL'],
    ['CNA', 'AGE_GE65'],
    ['CND', 'always'],
  ],
  'esrd-v21': [
    ['TRANSPLANT_KIDNEY_ONLY_1M', 'esrd=transplant & graftMonths=1'],
    ['TRANSPLANT_KIDNEY_ONLY_2M', 'esrd=transplant & graftMonths=2'],
    ['TRANSPLANT_KIDNEY_ONLY_3M', 'esrd=transplant & graftMonths=3'],
    ['DNE', 'esrd=dialysis & newEnrollee'],
    ['DI', 'esrd=dialysis'],
    ['GNE', 'esrd=graft & newEnrollee'],
    ['GI', 'esrd=graft & institutional'],
    ['GC', 'esrd=graft'],
  ],
  'esrd-v24': [
    ['TRANSPLANT_KIDNEY_ONLY_1M', 'esrd=transplant & graftMonths=1'],
    ['TRANSPLANT_KIDNEY_ONLY_2M', 'esrd=transplant & graftMonths=2'],
    ['TRANSPLANT_KIDNEY_ONLY_3M', 'esrd=transplant & graftMonths=3'],
    ['DNE', 'esrd=dialysis & newEnrollee'],
    ['DI', 'esrd=dialysis'],
    ['GNE', 'esrd=graft & newEnrollee'],
    ['GI', 'esrd=graft & institutional'],
    ['GFA', 'esrd=graft & FULL_DUAL & AGE_GE65'],
    ['GFN', 'esrd=graft & FULL_DUAL'],
    ['GNPA', 'esrd=graft & AGE_GE65'],
    ['GNPN', 'esrd=graft'],
  ],
  rxhcc: [
    ['NE_LTI', 'institutional & newEnrollee'],
    ['CE_LTI', 'institutional'],
    ['NE_Lo', 'newEnrollee & lowIncome'],
    ['NE_NoLo', 'newEnrollee'],
    ['CE_LowAged', 'lowIncome & AGE_GE65'],
    ['CE_LowNoAged', 'lowIncome'],
    ['CE_NoLowAged', 'AGE_GE65'],
    ['CE_NoLowNoAged', 'always'],
  ],
};

const CONTINUING: Readonly<Record<string, string>> = {
  'cms-hcc': `${COMMUNITY}|INS`,
  'esrd-v21': 'DI|GC|GI',
  'esrd-v24': 'DI|GFA|GFN|GI|GNPA|GNPN',
  rxhcc: 'CE_LTI|CE_LowAged|CE_LowNoAged|CE_NoLowAged|CE_NoLowNoAged',
};

/** The term table of a model: helpers and segment tests first, then every row of the reference, translated. */
export function termRows(source: string, model: string): string[][] {
  const family = model.startsWith('cms-hcc') ? 'cms-hcc' : model.startsWith('esrd') ? 'esrd' : 'rxhcc';
  const reference = readTable(source, `reference/interactions/${model}.csv`);
  const flags = reference.filter((row) => row.kind === 'flag').map((row) => translate(row, model));
  const rest = reference.filter((row) => row.kind !== 'flag').map((row) => translate(row, model));
  const helpers = [...(HELPERS.all ?? []), ...(HELPERS[family] ?? [])];
  const segments = SEGMENTS[model] ?? SEGMENTS[family] ?? [];
  const lines: TermLine[] = [
    ...flags,
    ...helpers.map(([name, when]) => ({ kind: 'flag', name, when, segments: '', detail: '' })),
    ...segments.map(([name, when]) => ({ kind: 'segment', name, when, segments: '', detail: '' })),
    {
      kind: 'cell',
      name: '*',
      when: 'always',
      segments: CONTINUING[model] ?? CONTINUING[family] ?? '',
      detail: 'continuing',
    },
    ...rest,
  ];
  return lines.map(({ kind, name, when, segments: where, detail }) => [kind, name, when, where, detail]);
}

function translate(row: Record<string, string>, model: string): TermLine {
  const { kind = '', variable = '', definition = '', segments = '' } = row;
  const line = { kind, name: variable, when: definition, segments, detail: '' };
  switch (kind) {
    case 'flag':
      return { ...line, when: plain(definition) };
    case 'group':
    case 'interaction':
      return { ...line, when: spaced(definition) };
    case 'count': {
      const [, operator, count] = /^payment_hcc_count(=|>=)(\d+)$/.exec(definition) ?? [];
      if (count === undefined) throw new Error(`${model}: count term ${variable}: ${definition}`);
      return { ...line, when: operator === '>=' ? `${count}+` : count };
    }
    case 'rule':
      return rule(line, model);
    case 'demographic':
      return demographic(line, model);
    case 'adjuster':
      return {
        ...line,
        when: variable === 'ActAdj_DUR4_9' ? 'DUR4_9' : 'DUR10PL',
        segments: 'GNE',
        detail: segments,
      };
    default:
      throw new Error(`${model}: unknown term kind ${kind}`);
  }
}

/** `before hierarchies: drop CC223 unless any of CC221|CC222 is present`. */
function rule(line: TermLine, model: string): TermLine {
  const [, drops = '', unless] =
    /^before hierarchies: drop ([C\d|]+)(?: unless any of ([C\d|]+) is present)?$/.exec(line.when) ?? [];
  if (drops === '') throw new Error(`${model}: rule ${line.name}: ${line.when}`);
  const bare = (text: string): string => text.replaceAll('CC', '');
  const when =
    unless === undefined
      ? 'always'
      : `!(${bare(unless)
          .split('|')
          .map((hcc) => `HCC${hcc}`)
          .join(' | ')})`;
  return { ...line, when, segments: '', detail: bare(drops) };
}

function demographic(line: TermLine, model: string): TermLine {
  if (line.name.includes('*')) return cell(line, model);
  if (line.segments === 'TRANSPLANT') {
    return { ...line, when: 'always', segments: line.name, detail: 'TRANSPLANT' };
  }
  if (line.segments === 'GRAFT_DURATION') return graftTerm(line, model);
  return { ...line, when: plain(line.when) };
}

function cell(line: TermLine, model: string): TermLine {
  const bands = line.segments === 'DNE' ? 'new_enrollee_merged' : 'new_enrollee';
  const rx = model.startsWith('rxhcc');
  return {
    ...line,
    kind: 'cell',
    name: rx ? line.name : line.name.replace('*', 'NE*'),
    when: WORDS[line.when] ?? plain(line.when),
    detail: bands,
  };
}

/** Graft duration terms: by community or institution, age, months and dual status (demographics, "ESRD graft duration"). */
function graftTerm(line: TermLine, model: string): TermLine {
  const { name } = line;
  const detail = 'GRAFT_DURATION';
  if (model === 'esrd-v21') {
    const [, age, months] = /^(GE65|LT65)_(DUR4_9|DUR10PL)$/.exec(name) ?? [];
    if (!age || !months) throw new Error(`${model}: graft term ${name}`);
    return { ...line, when: `AGE_${age} & ${months}`, segments: 'GC|GI|GNE', detail };
  }
  const community = 'GFA|GFN|GNPA|GNPN';
  const old = (age: string | undefined): string => (age === 'GE65' ? 'CELL_GE65' : '!CELL_GE65');
  const duration = /^(FGC|FGI)_(GE65|LT65)_(DUR4_9|DUR10PL)_(FBD|ND_PBD)$/.exec(name);
  if (duration) {
    const [, place, age, months, dual] = duration;
    return {
      ...line,
      when: `${old(age)} & ${months} & ${dual === 'FBD' ? 'FULL_DUAL' : '!FULL_DUAL'}`,
      segments: place === 'FGI' ? 'GI' : `${community}|GNE`,
      detail,
    };
  }
  const partial = /^(FGC|FGI)_PBD_(GE65|LT65)_flag$/.exec(name);
  if (partial) {
    const [, place, age] = partial;
    return {
      ...line,
      when: `PARTIAL_DUAL & ${old(age)}`,
      segments: place === 'FGI' ? 'GI' : community,
      detail,
    };
  }
  const institution = /^LTI_(GE65|LT65)$/.exec(name);
  if (!institution) throw new Error(`${model}: graft term ${name}`);
  return { ...line, when: old(institution[1]), segments: 'GI', detail };
}

/** Reference wording to grammar: `not X` to `!X`, field names to ours. */
function plain(text: string): string {
  const known = WORDS[text];
  if (known !== undefined) return known;
  return spaced(
    text
      .replaceAll('full_benefit_dual', 'FULL_DUAL')
      .replaceAll('partial_benefit_dual', 'PARTIAL_DUAL')
      .replaceAll('MCAID', 'MEDICAID')
      .replace(/\bLTI\b/g, 'institutional')
      .replace(/\bnot /g, '!'),
  );
}

function spaced(text: string): string {
  return text.replace(/\s*([&|])\s*/g, ' $1 ').trim();
}
