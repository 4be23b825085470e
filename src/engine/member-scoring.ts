import type { PartD, Program } from './history.ts';
import { memberBits } from './member-bits.ts';
import type { CompiledModel } from './model.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import {
  blendThousandths,
  codedThousandths,
  type PaymentProgram,
  type PaymentRow,
  type ReadyRow,
  readyRow,
  rowName,
  rowsInForce,
} from './payment.ts';
import type { ReferenceData } from './reference-data.ts';
import { prepareScorer, type Scorer } from './score.ts';
import type { ModelId, ScoreMember } from './score-contract.ts';
import type { Thousandths } from './thousandths.ts';

/** One model (and calibration) that scores the member, with its payment parameters. */
export interface ScoringPart {
  readonly scorer: Scorer;
  readonly row: ReadyRow;
  /** Blend weight in thousandths; 1000 when the part stands alone. */
  readonly weight: Thousandths;
}

/** The models that score a member in a payment year, prepared once; then any set of categories can be scored. */
export interface MemberScoring {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  /** Newest model first; the first one's raw score and HCCs stand for the whole in a blend. */
  readonly parts: readonly [ScoringPart, ...ScoringPart[]];
  readonly blended: boolean;
  /** Why there is a raw score and no payment score; null when there is one. */
  readonly noPayment: string | null;
  /** Frailty points that apply, in thousandths; 0 when none. */
  readonly frailty: Thousandths;
  readonly assumptions: readonly string[];
  readonly provenance: readonly string[];
  /** Payment score from the raw scores of the parts, in their order; null with the reason in `noPayment`. */
  payment(raws: readonly Thousandths[]): Thousandths | null;
}

export interface MemberScoringOptions {
  readonly paymentYear: number;
  /** null: the models in force for the program. */
  readonly model: ModelId | null;
  readonly program: Program | null;
  readonly member: ScoreMember;
  /** The organization's frailty points, in thousandths; never defaulted. */
  readonly frailty?: Thousandths | null;
}

interface Selection {
  readonly program: PaymentProgram;
  readonly partD: PartD | null;
  readonly rows: readonly PaymentRow[];
  readonly assumptions: readonly string[];
}

/**
 * Chooses models and parameters: the named model alone with its own parameters, or every model in force for the
 * program with its blend weight. A missing mapping, calibration or factor is refused, never taken from a neighbour.
 */
export function prepareMember(
  reference: ReferenceData,
  options: MemberScoringOptions,
): Outcome<MemberScoring> {
  const known = remembered(reference, options);
  const bits = options.frailty == null ? memberBits(options.member, options.paymentYear) : null;
  const before = bits === null ? undefined : known.get(bits);
  if (before) return before;
  const outcome = buildMember(reference, options);
  if (outcome.ok && bits !== null) {
    if (known.size >= REMEMBERED) known.clear();
    known.set(bits, outcome);
  }
  return outcome;
}

/**
 * The members of a year, model and program that {@link prepareMember} remembers, by `memberBits`: for callers that
 * have the bits and no member.
 */
export function preparedMembers(
  reference: ReferenceData,
  scope: Pick<MemberScoringOptions, 'paymentYear' | 'model' | 'program'>,
): ReadonlyMap<number, Outcome<MemberScoring>> {
  return remembered(reference, scope);
}

type Prepared = Map<number, Outcome<MemberScoring>>;
/** Prepared members of a year, model and program: populations repeat the same few thousand. */
const prepared = new WeakMap<ReferenceData, Map<string | null, Map<string | null, Map<number, Prepared>>>>();
const REMEMBERED = 4096;
/** The one asked for last: bulk scoring asks for the same again and again. */
let last:
  | (Pick<MemberScoringOptions, 'paymentYear' | 'model' | 'program'> & {
      readonly reference: ReferenceData;
      readonly known: Prepared;
    })
  | null = null;

function remembered(
  reference: ReferenceData,
  { paymentYear, model, program }: Pick<MemberScoringOptions, 'paymentYear' | 'model' | 'program'>,
): Prepared {
  if (
    last !== null &&
    last.reference === reference &&
    last.paymentYear === paymentYear &&
    last.model === model &&
    last.program === program
  ) {
    return last.known;
  }
  const ofModel = entry(
    entry(prepared, reference, () => new Map()),
    model,
    () => new Map(),
  );
  const known = entry(
    entry(ofModel, program, () => new Map()),
    paymentYear,
    () => new Map(),
  );
  last = { reference, paymentYear, model, program, known };
  return known;
}

function entry<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function buildMember(reference: ReferenceData, options: MemberScoringOptions): Outcome<MemberScoring> {
  if (options.program === 'aca') {
    return refuse('not_applicable', 'program aca is scored by HHS-HCC models only', '/program');
  }
  return options.model === null
    ? prepareInForce(reference, options)
    : prepareNamed(reference, options, options.model);
}

function prepareInForce(reference: ReferenceData, options: MemberScoringOptions): Outcome<MemberScoring> {
  const program = options.program === 'pace' ? 'pace' : 'ma';
  const rows = rowsInForce(reference.payment, {
    paymentYear: options.paymentYear,
    program,
    partD: null,
    esrd: options.member.esrd?.status ?? null,
  });
  if (rows.length === 0) {
    return refuse(
      'unsupported_year',
      `no payment parameters for program ${program}, payment year ${options.paymentYear}`,
      '/paymentYear',
    );
  }
  const unknown = rows.flatMap((row) => [
    ...(row.weight === null ? [`blend weight of ${rowName(row)}`] : []),
    ...(row.normalization === null ? [`normalization factor of ${rowName(row)}`] : []),
    ...(row.coding === null ? [`coding pattern adjustment of ${rowName(row)}`] : []),
  ]);
  if (unknown.length > 0) {
    return refuse('missing_parameter', `not established: ${unknown.join('; ')}`, '/paymentYear');
  }
  return assemble(reference, options, { program, partD: null, rows, assumptions: [] });
}

function prepareNamed(
  reference: ReferenceData,
  options: MemberScoringOptions,
  id: ModelId,
): Outcome<MemberScoring> {
  const model = reference.models.get(id);
  if (!model) return refuse('unknown_model', `model ${id} is not loaded`, '/model');
  const selection =
    model.family === 'rxhcc' ? partDRows(reference, options, id) : partCRows(reference, options, model);
  if (!selection.ok) return selection;
  const { rows, partD, program } = selection.value;
  const first = rows[0];
  // Mapping, calibration and member first: the reason a caller can act on.
  const scorer = prepareScorer(model, {
    paymentYear: options.paymentYear,
    member: options.member,
    partD,
    ...(first?.set ? { setId: first.set } : {}),
  });
  if (!scorer.ok) return scorer;
  if (!first) {
    return refuse(
      'missing_parameter',
      `no payment parameters of ${id} for program ${partD === null ? program : `Part D ${partD}`}, payment year ${options.paymentYear}`,
      '/paymentYear',
    );
  }
  return assemble(reference, options, selection.value);
}

function partCRows(
  reference: ReferenceData,
  { paymentYear, program, member }: MemberScoringOptions,
  model: CompiledModel,
): Outcome<Selection> {
  const esrd = model.family === 'esrd' ? (member.esrd?.status ?? 'dialysis') : null;
  const of = (asked: PaymentProgram): PaymentRow[] =>
    rowsInForce(reference.payment, { paymentYear, program: asked, partD: null, esrd }).filter(
      (row) => row.model === model.id,
    );
  const assumptions =
    model.family === 'cms-hcc' && member.esrd !== null
      ? [`esrd status given, scored by the named model ${model.id} all the same`]
      : [];
  if (program === 'pace' || program === 'ma') {
    return succeed({ program, partD: null, rows: of(program), assumptions });
  }
  const ma = of('ma');
  if (ma.length > 0) return succeed({ program: 'ma', partD: null, rows: ma, assumptions });
  const pace = of('pace');
  return succeed({
    program: pace.length > 0 ? 'pace' : 'ma',
    partD: null,
    rows: pace,
    assumptions:
      pace.length > 0
        ? [
            ...assumptions,
            `program not given; ${model.id} is used by PACE only in ${paymentYear}, scored as PACE`,
          ]
        : assumptions,
  });
}

function partDRows(
  reference: ReferenceData,
  { paymentYear, program, member }: MemberScoringOptions,
  id: ModelId,
): Outcome<Selection> {
  if (member.partD === 'none') {
    return refuse('not_applicable', 'the member has no Part D coverage', '/member/partD');
  }
  const inForce = (plan: PartD): PaymentRow[] =>
    rowsInForce(reference.payment, { paymentYear, program: 'ma', partD: plan, esrd: null }).filter(
      (row) => row.model === id,
    );
  const assumed: PartD = program === 'pace' || inForce('mapd').length === 0 ? 'pace' : 'mapd';
  const partD = member.partD ?? assumed;
  return succeed({
    program: partD === 'pace' ? 'pace' : 'ma',
    partD,
    rows: inForce(partD),
    assumptions: member.partD === null ? [`partD unknown, scored as ${partD}`] : [],
  });
}

function assemble(
  reference: ReferenceData,
  options: MemberScoringOptions,
  selection: Selection,
): Outcome<MemberScoring> {
  const named = options.model !== null;
  const whole = selection.rows.every(
    ({ weight, normalization }) => weight !== null && normalization !== null,
  );
  // A calibration blend (Part D PACE) with a gap: its first part can be scored raw, the blend cannot be paid.
  const rows = whole ? selection.rows : selection.rows.slice(0, 1);
  const parts: ScoringPart[] = [];
  for (const row of rows) {
    const model = reference.models.get(row.model);
    if (!model) return refuse('unknown_model', `model ${row.model} is not loaded`, '/model');
    const ready = readyRow(row);
    if (!ready.ok) return ready;
    const scorer = prepareScorer(model, {
      paymentYear: options.paymentYear,
      member: options.member,
      partD: selection.partD,
      ...(row.set === null ? {} : { setId: row.set }),
    });
    if (!scorer.ok) return scorer;
    const alone = named && rows.length === 1;
    parts.push({ scorer: scorer.value, row: ready.value, weight: alone ? 1000 : (row.weight ?? 1000) });
  }
  parts.sort((a, b) => b.scorer.model.version - a.scorer.model.version);
  const [main, ...others] = parts;
  if (!main) return refuse('missing_parameter', 'no model is in force', '/paymentYear');
  const noPayment = whole ? missingCoding(parts) : missingParts(selection.rows);
  const frailty = frailtyOf(options, selection.program, main);
  return succeed({
    paymentYear: options.paymentYear,
    program: selection.program,
    parts: [main, ...others],
    blended: others.length > 0,
    noPayment,
    frailty: frailty.points,
    assumptions: [
      ...main.scorer.assumptions.filter(
        (text) => main.scorer.model.family !== 'rxhcc' || !text.startsWith('dual'),
      ),
      ...selection.assumptions,
      ...frailty.assumptions,
      ...(noPayment === null ? [] : [noPayment]),
    ],
    provenance: provenanceOf([main, ...others]),
    payment: (raws) => (noPayment === null ? paymentOf(parts, raws) + frailty.points : null),
  });
}

function paymentOf(parts: readonly ScoringPart[], raws: readonly Thousandths[]): Thousandths {
  const coded = parts.map(({ row, weight }, index) => ({
    coded: codedThousandths(raws[index] ?? 0, row.normalization, row.coding ?? 0),
    weight,
  }));
  const [only] = coded;
  return coded.length === 1 && only?.weight === 1000 ? only.coded : blendThousandths(coded);
}

function missingCoding(parts: readonly ScoringPart[]): string | null {
  const missing = parts.filter(({ row }) => row.coding === null);
  if (missing.length === 0) return null;
  return `no payment score: coding pattern adjustment of ${missing.map(({ row }) => rowName(row)).join(', ')} is not established`;
}

function missingParts(rows: readonly PaymentRow[]): string {
  const missing = rows.filter(({ weight, normalization }) => weight === null || normalization === null);
  return `no payment score: ${missing
    .map((row) => `${row.weight === null ? 'blend weight' : 'normalization factor'} of ${rowName(row)}`)
    .join(', ')} is not established`;
}

/** Frailty (RAF-5): PACE community and new-enrollee scores, not institutional, not ESRD; the figure is an input. */
function frailtyOf(
  { frailty = null }: MemberScoringOptions,
  program: PaymentProgram,
  { scorer }: ScoringPart,
): { points: Thousandths; assumptions: readonly string[] } {
  const applies = scorer.model.family === 'cms-hcc' && scorer.segment !== 'INS';
  if (frailty !== null && applies) return { points: frailty, assumptions: [] };
  if (frailty !== null) {
    return {
      points: 0,
      assumptions: [`frailty not applied: segment ${scorer.segment} of ${scorer.model.id}`],
    };
  }
  return program === 'pace' && applies
    ? { points: 0, assumptions: ['frailty not given, not applied'] }
    : { points: 0, assumptions: [] };
}

function provenanceOf(parts: readonly ScoringPart[]): string[] {
  const marks = parts.flatMap(({ scorer, row }) => [
    ...scorer.year.provenance,
    ...scorer.set.provenance,
    `payment parameters ${rowName(row)}: ${row.status}`,
  ]);
  if (parts.length > 1) marks.push('blend: place of the last rounding is unverified');
  return [...new Set(marks)];
}
