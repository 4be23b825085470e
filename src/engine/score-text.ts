import type { CodeTable } from './codes.ts';
import { mapCodeFor } from './diagnoses.ts';
import { faultOfMapped, isPending, NOT_BILLABLE, shownCode } from './diagnosis-report.ts';
import { applyHierarchies, type DroppedHcc } from './hierarchies.ts';
import { dotted, undotted } from './icd10.ts';
import { type Kernel, kernelOf } from './kernel.ts';
import { type MemberScoring, prepareMember, type ScoringPart } from './member-scoring.ts';
import { compareHccs, type ModelYear } from './model.ts';
import type { EngineError } from './outcome.ts';
import { decimal } from './payment.ts';
import type { ReferenceData } from './reference-data.ts';
import type { RawFactor, SegmentProgram } from './score.ts';
import type { ScoreRequest } from './score-contract.ts';
import { isHhsRequest, scoreRequest } from './score-request.ts';
import type { CountTerm } from './terms.ts';
import { decimalJson, divideRounded, type Thousandths } from './thousandths.ts';

/** More diagnoses than this go the clear way; sorting by insertion stops paying. */
const MOST_DIAGNOSES = 64;

export type ScoreTextAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly error: EngineError };

/**
 * The answer of {@link scoreRequest} as JSON text, character for character what `JSON.stringify` gives, several
 * times faster for the common case of one Medicare model: integers in HCC words, text pieces made once. A property
 * test holds the two ways equal. Everything else goes the clear way.
 */
export function scoreRequestText(reference: ReferenceData, request: ScoreRequest): ScoreTextAnswer {
  if (!isHhsRequest(request) && request.diagnoses.length <= MOST_DIAGNOSES && request.frailty == null) {
    const scoring = prepareMember(reference, {
      paymentYear: request.paymentYear,
      model: request.model,
      program: request.program,
      member: request.member,
    });
    if (!scoring.ok) return scoring;
    if (!scoring.value.blended) {
      return { ok: true, text: writerOf(reference.codes, scoring.value).write(request) };
    }
  }
  const answer = scoreRequest(reference, request);
  return answer.ok ? { ok: true, text: JSON.stringify(answer.result) } : answer;
}

/** What is known of a code in a model and payment year, whoever the person is. */
interface CodeEntry {
  readonly code: string;
  /** As shown, in JSON. */
  readonly json: string;
  readonly kind: 'mapped' | 'unmapped' | 'pending' | 'invalid';
  readonly billable: boolean;
  readonly edited: boolean;
  readonly positions: readonly number[];
}

interface Writer {
  write(request: Pick<ScoreRequest, 'id' | 'diagnoses'>): string;
}

const writers = new WeakMap<MemberScoring, Writer>();

function writerOf(table: CodeTable, scoring: MemberScoring): Writer {
  const known = writers.get(scoring);
  if (known) return known;
  const writer = buildWriter(table, scoring);
  writers.set(scoring, writer);
  return writer;
}

const entriesOf = new WeakMap<ModelYear, Map<string, CodeEntry>>();

function entriesFor(year: ModelYear): Map<string, CodeEntry> {
  const entries = entriesOf.get(year) ?? new Map<string, CodeEntry>();
  entriesOf.set(year, entries);
  return entries;
}

/** An entry seen for the first time; remembered only for codes that exist: bad input cannot grow the memory. */
function addEntry(entries: Map<string, CodeEntry>, table: CodeTable, kernel: Kernel, raw: string): CodeEntry {
  const code = undotted(raw);
  const same = entries.get(code);
  const entry = same ?? buildEntry(table, kernel, code);
  const exists = entry.kind === 'mapped' || table.rows(code).length > 0;
  if (exists && (raw === code || raw === dotted(code))) entries.set(raw, entry);
  if (exists && same === undefined) entries.set(code, entry);
  return entry;
}

function buildEntry(table: CodeTable, kernel: Kernel, code: string): CodeEntry {
  const { year } = kernel.scorer;
  const billable = table.billableInYear(code, year.paymentYear - 1);
  const mapped = year.mapping.get(code);
  const kind = mapped
    ? 'mapped'
    : !billable
      ? 'invalid'
      : isPending(table, year, code)
        ? 'pending'
        : 'unmapped';
  return {
    code,
    json: JSON.stringify(kind === 'invalid' ? shownCode(table, code) : dotted(code)),
    kind,
    billable,
    edited: year.edits.has(code),
    positions: (mapped ?? []).map((hcc) => kernel.positions.get(hcc) ?? 0),
  };
}

function factorHead({ variable, kind, thousandths }: RawFactor): string {
  return `{"variable":${JSON.stringify(variable)},"kind":"${kind}","value":${decimalJson(thousandths)}`;
}

/** Text pieces that are the same for everyone in a segment. */
interface SegmentTexts {
  /** By HCC position: the HCC in quotes, and its factor up to the codes. */
  readonly quoted: readonly string[];
  readonly heads: readonly string[];
  readonly interactions: readonly string[];
  readonly counts: readonly { readonly term: CountTerm; readonly text: string }[];
  /** Codes of each HCC as JSON, by position; emptied as they are written. */
  readonly codesOf: string[];
}
const textsOf = new WeakMap<SegmentProgram, SegmentTexts>();

function segmentTexts({ hccs, scorer }: Kernel): SegmentTexts {
  const { model, program } = scorer;
  const known = textsOf.get(program);
  if (known) return known;
  const texts: SegmentTexts = {
    quoted: hccs.map((hcc) => `"${hcc}"`),
    heads: hccs.map((hcc) =>
      factorHead(
        program.hccs.get(hcc) ?? { variable: `${model.hccPrefix}${hcc}`, kind: 'hcc', thousandths: 0, hcc },
      ),
    ),
    interactions: program.interactions.map(({ factor }) => `${factorHead(factor)}}`),
    counts: program.counts.map(({ term, factor }) => ({ term, text: `${factorHead(factor)}}` })),
    codesOf: hccs.map(() => ''),
  };
  textsOf.set(program, texts);
  return texts;
}

function buildWriter(table: CodeTable, scoring: MemberScoring): Writer {
  const [part] = scoring.parts;
  const { scorer } = part;
  const { model, year, person, program } = scorer;
  const kernel = kernelOf(scorer);
  const { before, after } = kernel.state;
  const { quoted, heads, interactions, counts, codesOf } = segmentTexts(kernel);
  const fixed = scorer.fixed.map((factor) => `${factorHead(factor)}}`).join(',');
  const divisor = scorer.divisor === null ? '' : `${factorHead(scorer.divisor)}}`;
  const opening = `,"model":"${model.id}","paymentYear":${scoring.paymentYear},"segment":"${scorer.segment}","hccsBeforeHierarchy":[`;
  const closing = `,"assumptions":${JSON.stringify(scoring.assumptions)},"provenance":${JSON.stringify(scoring.provenance)}}`;
  const paid = paymentWriter(scoring, part);
  const entries = entriesFor(year);
  const lookUp = (raw: string): CodeEntry => entries.get(raw) ?? addEntry(entries, table, kernel, raw);

  const put = (position: number, json: string): void => {
    const word = position >> 5;
    before[word] = (before[word] ?? 0) | (1 << (position & 31));
    const earlier = codesOf[position];
    codesOf[position] = earlier ? `${earlier},${json}` : json;
  };

  return {
    write: ({ id, diagnoses }) => {
      before.fill(0);
      const lists = { unmapped: '', pending: '', invalid: '' };
      for (const entry of distinctEntries(diagnoses, lookUp)) {
        if (entry.kind === 'mapped') {
          if (entry.edited) {
            for (const hcc of mapCodeFor(year, entry.code, person))
              put(kernel.positions.get(hcc) ?? 0, entry.json);
          } else for (const position of entry.positions) put(position, entry.json);
          if (!entry.edited && entry.billable) continue;
          const reason = faultOfMapped(year, person, entry.code, entry.billable);
          if (reason !== null) lists.invalid = joined(lists.invalid, invalidText(entry.json, reason));
        } else if (entry.kind === 'invalid') {
          lists.invalid = joined(lists.invalid, invalidText(entry.json, NOT_BILLABLE));
        } else lists[entry.kind] = joined(lists[entry.kind], entry.json);
      }
      const raw = kernel.settle();
      let given = '';
      let kept = '';
      let factors = fixed;
      let count = 0;
      let all = 0;
      for (let word = 0; word < before.length; word++) {
        const remaining = after[word] ?? 0;
        let left = before[word] ?? 0;
        while (left !== 0) {
          const bit = left & -left;
          const position = (word << 5) + 31 - Math.clz32(bit);
          const name = quoted[position] ?? '';
          given = joined(given, name);
          all++;
          if ((remaining & bit) !== 0) {
            kept = joined(kept, name);
            count++;
            if (program.usesHccs)
              factors = joined(factors, `${heads[position]},"diagnoses":[${codesOf[position]}]}`);
          }
          codesOf[position] = '';
          left ^= bit;
        }
      }
      if (program.usesHccs) {
        for (let place = 0; place < interactions.length; place++) {
          if (kernel.interactionHolds(place)) factors = joined(factors, interactions[place] ?? '');
        }
        for (const { term, text } of counts) {
          if (count >= term.from && count <= term.to) factors = joined(factors, text);
        }
      }
      if (divisor !== '') factors = joined(factors, divisor);
      const dropped = all === count ? '' : droppedText(kernel);
      return `{"id":${id === null ? 'null' : JSON.stringify(id)}${opening}${given}],"hccs":[${kept}],"dropped":[${dropped}],"paymentHccCount":${count},"factors":[${factors}],"rawScore":${decimalJson(raw)},"payment":${paid(raw)},"unmapped":[${lists.unmapped}],"pending":[${lists.pending}],"invalid":[${lists.invalid}]${closing}`;
    },
  };
}

function joined(list: string, item: string): string {
  return list === '' ? item : `${list},${item}`;
}

function invalidText(json: string, reason: string): string {
  return `{"code":${json},"reason":${JSON.stringify(reason)}}`;
}

/** Entries of the distinct codes, in code order: by insertion, since a request has few. */
function distinctEntries(
  diagnoses: readonly string[],
  lookUp: (raw: string) => CodeEntry,
): readonly CodeEntry[] {
  const entries: CodeEntry[] = [];
  for (const raw of diagnoses) {
    const entry = lookUp(raw);
    let at = entries.length;
    while (at > 0 && (entries[at - 1]?.code ?? '') > entry.code) at--;
    if (at > 0 && entries[at - 1]?.code === entry.code) continue;
    if (at === entries.length) entries.push(entry);
    else entries.splice(at, 0, entry);
  }
  return entries;
}

/** Who dropped what, worked out the clear way: only some members have any. */
function droppedText({ scorer, state, hccs }: Kernel): string {
  const { model, year, person } = scorer;
  const present = new Set(
    hccs.filter((_, position) => (state.before[position >> 5] ?? 0) & (1 << (position & 31))),
  );
  const dropped: DroppedHcc[] = [];
  for (const rule of model.terms.rules) {
    if (!rule.when(person, present)) continue;
    for (const hcc of rule.drops) if (present.delete(hcc)) dropped.push({ hcc, droppedBy: rule.name });
  }
  dropped.push(...applyHierarchies(model.hierarchy, year.hierarchyOrder, present));
  return dropped
    .sort((a, b) => compareHccs(a.hcc, b.hcc))
    .map((entry) => JSON.stringify(entry))
    .join(',');
}

/** The payment of a raw score as JSON; the formulas are those of `codedScore`. */
function paymentWriter(scoring: MemberScoring, { row }: ScoringPart): (raw: Thousandths) => string {
  if (scoring.noPayment !== null) return () => 'null';
  const { normalization } = row;
  const coding = row.coding ?? 0;
  const head = `{"normalization":${decimalJson(normalization)},"codingAdjustment":${decimalJson(coding)},"score":`;
  const byNormalization = ` / ${decimal(normalization)}","value":`;
  const byCoding = ` x (1 - ${decimal(coding)})","value":`;
  return (raw) => {
    const normalized = divideRounded(raw * 1000, normalization);
    const coded = decimalJson(divideRounded(normalized * (1000 - coding), 1000));
    return `${head}${coded},"steps":[{"step":"normalization","formula":"${decimal(raw)}${byNormalization}${decimalJson(normalized)}},{"step":"coding adjustment","formula":"${decimal(normalized)}${byCoding}${coded}}]}`;
  };
}
