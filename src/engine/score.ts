import { ageSexCell, type Person, readPerson } from './demographics.ts';
import { applyHierarchies, type DroppedHcc } from './hierarchies.ts';
import type { PartD } from './history.ts';
import { type CoefficientSet, type CompiledModel, compareHccs, type ModelYear } from './model.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import type { Factor, ScoreMember } from './score-contract.ts';
import type { CountTerm, Term } from './terms.ts';
import { divideRounded, type Thousandths } from './thousandths.ts';

export interface RawFactor {
  readonly variable: string;
  readonly kind: Factor['kind'];
  readonly thousandths: Thousandths;
  /** Set for kind `hcc`. */
  readonly hcc?: string;
}

/** A raw score: before normalization, coding adjustment, blend and frailty. */
export interface RawScore {
  readonly rawThousandths: Thousandths;
  readonly segment: string;
  /** After mapping and edits, before model rules and hierarchies; numeric order. */
  readonly hccsBeforeHierarchy: readonly string[];
  readonly hccs: readonly string[];
  readonly dropped: readonly DroppedHcc[];
  readonly paymentHccCount: number;
  readonly factors: readonly RawFactor[];
}

/** Everything of a score that does not depend on diagnoses, prepared once for a member; then scoring is cheap. */
export interface Scorer {
  readonly model: CompiledModel;
  readonly year: ModelYear;
  readonly set: CoefficientSet;
  readonly person: Person;
  readonly segment: string;
  readonly assumptions: readonly string[];
  /** False for new enrollees and transplant months: diagnoses do not move the score. */
  readonly usesHccs: boolean;
  /** Demographic factors, the same whatever the diagnoses. */
  readonly fixed: readonly RawFactor[];
  /** ESRD V24 graft new enrollees: the actuarial adjuster that divides the sum. */
  readonly divisor: RawFactor | null;
  /** The terms and coefficients of the segment, for the batch kernel. */
  readonly program: SegmentProgram;
  score(categories: Iterable<string>): RawScore;
  /** Categories that are left after model rules and hierarchies. */
  surviving(categories: Iterable<string>): ReadonlySet<string>;
  /** Raw score alone, for rescoring many sets. */
  rawThousandths(categories: Iterable<string>): Thousandths;
  /** Coefficient of an HCC in the member's segment; 0 where the table has none. */
  coefficient(hcc: string): Thousandths;
}

export interface ScorerOptions {
  readonly paymentYear: number;
  readonly member: ScoreMember;
  /** Part D plan type, for RxHCC. */
  readonly partD?: PartD | null;
  /** Names one calibration instead, for the parts of a Part D blend. */
  readonly setId?: string;
}

/** A model's terms with the coefficients of one set and segment looked up. */
export interface SegmentProgram {
  readonly name: string;
  readonly usesHccs: boolean;
  readonly hccs: ReadonlyMap<string, RawFactor>;
  readonly interactions: readonly ProgramTerm[];
  readonly counts: readonly { readonly term: CountTerm; readonly factor: RawFactor }[];
  readonly demographics: readonly ProgramTerm[];
  readonly adjusters: readonly ProgramTerm[];
}

export interface ProgramTerm {
  readonly when: Term['when'];
  readonly expression: Term['expression'];
  readonly factor: RawFactor;
}

const NO_HCCS: ReadonlySet<string> = new Set();
const programs = new WeakMap<CoefficientSet, Map<string, SegmentProgram>>();

/** The mapping year of a model, or why there is none. */
export function modelYear(model: CompiledModel, paymentYear: number): Outcome<ModelYear> {
  const year = model.years.get(paymentYear);
  if (year) return succeed(year);
  return refuse(
    'missing_mapping',
    `${model.id} has no ICD-10-CM mapping for payment year ${paymentYear}; it has ${model.paymentYears.join(', ')}`,
    '/paymentYear',
  );
}

/** The calibration for a payment year and, for Part D, plan type; never a neighbour year's. */
export function coefficientSet(
  model: CompiledModel,
  { paymentYear, partD, setId }: Pick<ScorerOptions, 'paymentYear' | 'partD' | 'setId'>,
): Outcome<CoefficientSet> {
  const ofYear = model.sets.filter((set) => set.paymentYears.includes(paymentYear));
  const plan = model.family === 'rxhcc' ? (partD ?? 'mapd') : null;
  const set = ofYear.find((candidate) =>
    setId === undefined ? plan === null || candidate.partD.includes(plan) : candidate.id === setId,
  );
  if (set) return succeed(set);
  const scope = plan === null ? '' : ` for Part D plan type ${plan}`;
  return refuse(
    'missing_coefficients',
    `${model.id} has no coefficient set${scope} for payment year ${paymentYear}`,
    '/paymentYear',
  );
}

/** Prepares scoring of one member in one model and payment year, or says why it cannot be scored. */
export function prepareScorer(model: CompiledModel, options: ScorerOptions): Outcome<Scorer> {
  const year = modelYear(model, options.paymentYear);
  if (!year.ok) return year;
  const set = coefficientSet(model, options);
  if (!set.ok) return set;
  const reading = readPerson(options.member, options.paymentYear);
  if (!reading.ok) return reading;
  const { person, assumptions } = reading.value;
  const segment = model.terms.segments.find((test) => test.when(person, NO_HCCS))?.name;
  if (segment === undefined) {
    return refuse(
      'not_applicable',
      `${model.id} has no segment for this member${model.family === 'esrd' ? ': esrd status is not given' : ''}`,
      model.family === 'esrd' ? '/member/esrd' : '/member',
    );
  }
  const program = segmentProgram(model, set.value, segment);
  return succeed(scorer({ model, year: year.value, set: set.value, person, assumptions, program }));
}

interface ScorerParts {
  readonly model: CompiledModel;
  readonly year: ModelYear;
  readonly set: CoefficientSet;
  readonly person: Person;
  readonly assumptions: readonly string[];
  readonly program: SegmentProgram;
}

function scorer({ model, year, set, person, assumptions, program }: ScorerParts): Scorer {
  const fixed = fixedFactors(model, set, person, program);
  const divisor = program.adjusters.find(({ when }) => when(person, NO_HCCS))?.factor ?? null;
  const interactions = program.interactions;
  const fixedSum = fixed.reduce((sum, factor) => sum + factor.thousandths, 0);
  const finish = (sum: number): Thousandths =>
    divisor === null ? sum : divideRounded(sum * 1000, divisor.thousandths);
  const survivors = (before: ReadonlySet<string>): { hccs: Set<string>; dropped: DroppedHcc[] } => {
    const hccs = new Set(before);
    const dropped: DroppedHcc[] = [];
    for (const rule of model.terms.rules) {
      if (!rule.drops.some((hcc) => hccs.has(hcc)) || !rule.when(person, hccs)) continue;
      for (const hcc of rule.drops) if (hccs.delete(hcc)) dropped.push({ hcc, droppedBy: rule.name });
    }
    dropped.push(...applyHierarchies(model.hierarchy, year.hierarchyOrder, hccs));
    return { hccs, dropped };
  };
  return {
    model,
    year,
    set,
    person,
    segment: program.name,
    assumptions,
    usesHccs: program.usesHccs,
    fixed,
    divisor,
    program,
    coefficient: (hcc) => program.hccs.get(hcc)?.thousandths ?? 0,
    surviving: (categories) => survivors(asSet(categories)).hccs,
    rawThousandths: (categories) => {
      if (!program.usesHccs) return finish(fixedSum);
      const { hccs } = survivors(asSet(categories));
      let sum = fixedSum;
      for (const hcc of hccs) sum += program.hccs.get(hcc)?.thousandths ?? 0;
      for (const { when, factor } of interactions) if (when(person, hccs)) sum += factor.thousandths;
      for (const { term, factor } of program.counts) {
        if (hccs.size >= term.from && hccs.size <= term.to) sum += factor.thousandths;
      }
      return finish(sum);
    },
    score: (categories) => {
      const before = asSet(categories);
      const { hccs, dropped } = survivors(before);
      const factors = [...fixed];
      const sorted = [...hccs].sort(compareHccs);
      if (program.usesHccs) {
        for (const hcc of sorted) {
          factors.push(
            program.hccs.get(hcc) ?? {
              variable: `${model.hccPrefix}${hcc}`,
              kind: 'hcc',
              thousandths: 0,
              hcc,
            },
          );
        }
        for (const { when, factor } of interactions) if (when(person, hccs)) factors.push(factor);
        for (const { term, factor } of program.counts) {
          if (hccs.size >= term.from && hccs.size <= term.to) factors.push(factor);
        }
      }
      let sum = 0;
      for (const factor of factors) sum += factor.thousandths;
      if (divisor !== null) factors.push(divisor);
      return {
        rawThousandths: finish(sum),
        segment: program.name,
        hccsBeforeHierarchy: [...before].sort(compareHccs),
        hccs: sorted,
        dropped: dropped.sort((a, b) => compareHccs(a.hcc, b.hcc)),
        paymentHccCount: sorted.length,
        factors,
      };
    },
  };
}

function asSet(categories: Iterable<string>): ReadonlySet<string> {
  return categories instanceof Set ? categories : new Set(categories);
}

/** Age/sex cell and demographic terms of the person; a variable that the table lacks is not a term of the segment. */
function fixedFactors(
  model: CompiledModel,
  set: CoefficientSet,
  person: Person,
  program: SegmentProgram,
): RawFactor[] {
  const table = set.tables.get(program.name);
  const factors: RawFactor[] = [];
  for (const cell of model.terms.cells) {
    if (!cell.segments.has(program.name) || !cell.when(person, NO_HCCS)) continue;
    const variable = cell.name.replace('*', ageSexCell(person, cell.bands));
    factors.push({ variable, kind: 'demographic', thousandths: table?.get(variable) ?? 0 });
  }
  for (const { when, factor } of program.demographics) if (when(person, NO_HCCS)) factors.push(factor);
  return factors;
}

function segmentProgram(model: CompiledModel, set: CoefficientSet, segment: string): SegmentProgram {
  const known = programs.get(set)?.get(segment);
  if (known) return known;
  const bySegment = programs.get(set) ?? new Map<string, SegmentProgram>();
  programs.set(set, bySegment);
  const program = buildProgram(model, set, segment);
  bySegment.set(segment, program);
  return program;
}

function buildProgram(model: CompiledModel, set: CoefficientSet, segment: string): SegmentProgram {
  const table = set.tables.get(segment) ?? new Map<string, Thousandths>();
  const look = (terms: readonly Term[], kind: Factor['kind']) =>
    terms.flatMap((term) => {
      if (!term.segments.has(segment)) return [];
      const value = (term.table === null ? table : set.tables.get(term.table))?.get(term.name);
      if (value === undefined) return [];
      return [
        {
          when: term.when,
          expression: term.expression,
          factor: { variable: term.name, kind, thousandths: value },
        },
      ];
    });
  const hccs = new Map<string, RawFactor>();
  for (const hcc of model.labels.keys()) {
    const variable = `${model.hccPrefix}${hcc}`;
    const value = table.get(variable);
    if (value !== undefined) hccs.set(hcc, { variable, kind: 'hcc', thousandths: value, hcc });
  }
  return {
    name: segment,
    usesHccs: hccs.size > 0,
    hccs,
    interactions: look(model.terms.interactions, 'interaction'),
    counts: model.terms.counts.flatMap((term) => {
      const value = table.get(term.name);
      if (!term.segments.has(segment) || value === undefined) return [];
      return [{ term, factor: { variable: term.name, kind: 'count' as const, thousandths: value } }];
    }),
    demographics: look(model.terms.demographics, 'demographic'),
    adjusters: look(model.terms.adjusters, 'divisor'),
  };
}
