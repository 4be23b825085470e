import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { draftQuery } from '../../src/engine/queries/draft.ts';
import { parseHistory } from '../../src/intake/json/history.ts';
import { loadReference } from '../../src/reference/load.ts';

interface CaseEvent {
  readonly type: 'observation' | 'medication' | 'diagnosis' | 'procedure';
  readonly date: string;
  readonly code?: string;
  readonly value_set_hint?: string;
  readonly value?: number;
  readonly unit?: string;
  readonly comparator?: string;
  readonly text?: string;
  readonly status?: string;
  readonly ingredients?: readonly string[];
  readonly route?: string | null;
  readonly source?: string;
  readonly setting?: string;
  readonly risk_adjustable?: boolean;
  readonly verification?: string;
}

interface RuleCase {
  readonly id: string;
  readonly rule_id: string;
  readonly as_of: string;
  readonly patient: {
    readonly birth_date: string;
    readonly sex: 'F' | 'M';
    readonly events: readonly CaseEvent[];
    readonly reviews?: readonly unknown[];
  };
  readonly expected: { readonly V28: string };
}

const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));
/** Cases without review decisions, which a stateless analysis does not have. */
const cases = readFileSync(path.resolve(import.meta.dirname, 'suspecting-cases.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): RuleCase => JSON.parse(line))
  .filter((item) => item.patient.reviews === undefined);

/** The case's events as the arrays of a member history. */
function historyOf(item: RuleCase): unknown {
  const of = (type: CaseEvent['type']) =>
    item.patient.events.map((event, index) => ({ event, index })).filter(({ event }) => event.type === type);
  const claims = of('diagnosis').filter(({ event }) => event.risk_adjustable);
  const conditions = of('diagnosis').filter(({ event }) => !event.risk_adjustable);
  return {
    memberId: item.id,
    birthDate: item.patient.birth_date,
    sex: item.patient.sex,
    coverage: [{ program: 'ma', from: '2020-01-01', to: null, dualStatus: '00' }],
    encounters: claims.map(({ event, index }) => ({
      encounterId: `E${index}`,
      from: event.date,
      setting: 'professional',
      lines: [{ procedure: '99214', modifiers: [], date: event.date }],
      diagnoses: [{ code: event.code }],
    })),
    conditions: conditions.map(({ event, index }) => ({
      conditionId: `C${index}`,
      code: event.code,
      system: 'icd10cm',
      source: 'problem_list',
      recorded: event.date,
      clinicalStatus: 'active',
      verification: event.verification ?? 'confirmed',
    })),
    observations: of('observation').map(({ event }) => ({
      code: event.code ?? event.value_set_hint,
      system: event.code === undefined ? 'other' : 'loinc',
      date: event.date,
      value: event.value ?? null,
      unit: event.unit ?? null,
      comparator: event.comparator ?? null,
      text: event.text ?? null,
      status: event.status ?? null,
    })),
    medications: of('medication').map(({ event }) => ({
      ingredient: event.ingredients?.join(' / '),
      route: event.route ?? null,
      date: event.date,
      source: event.source === 'dispense' ? 'fill' : event.source,
      setting: event.setting ?? null,
    })),
    procedures: of('procedure').map(({ event }) => ({
      code: event.code,
      system: 'cpt',
      date: event.date,
      status: event.status ?? null,
    })),
  };
}

function analyze(item: RuleCase): Analysis {
  const parsed = parseHistory(historyOf(item));
  if (!parsed.ok) throw new Error(`${item.id}: ${JSON.stringify(parsed.errors)}`);
  const outcome = analyzeHistory(reference, parsed.history, {
    paymentYear: 2027,
    asOf: item.as_of,
    kinds: null,
    lookbackYears: 2,
  });
  if (!outcome.ok) throw new Error(`${item.id}: ${outcome.error.message}`);
  return outcome.value;
}

describe('rule cases as member histories', () => {
  /** A claim cannot be refuted in a history, so that case has no counterpart. */
  const usable = cases.filter((item) => item.id !== 'DM-CKD-D7');

  test('a suspect of the case is a clinical_suspect gap of the analysis, and nothing else is', () => {
    const differing = usable.flatMap((item) => {
      const enabled = reference.suspecting.rules.find(({ id }) => id === item.rule_id)?.defaultEnabled;
      const expected = item.expected.V28 === 'suspect' && enabled === true;
      const found = analyze(item).gaps.some(
        (gap) => gap.kind === 'clinical_suspect' && gap.explanation.includes(`(rule ${item.rule_id} `),
      );
      return found === expected ? [] : [item.id];
    });
    // Both parts are eligible diagnoses of the year: that is kind (b), the combination code, not a suspect.
    expect(differing).toEqual(['DM-CKD-D1']);
  });

  test('every prompt drawn from a suspect or a recapture passes the linter', () => {
    const refused = usable.flatMap((item) =>
      analyze(item)
        .gaps.filter(({ kind }) => kind === 'clinical_suspect' || kind === 'recapture')
        .flatMap((gap) => {
          const draft = draftQuery(reference, gap, { asOf: item.as_of });
          return draft.ok ? [] : [{ id: item.id, hcc: gap.hcc, findings: draft.findings }];
        }),
    );
    expect(refused).toEqual([]);
  });
});
