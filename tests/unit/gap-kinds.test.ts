import { describe, expect, it } from 'vitest';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { gapId } from '../../src/engine/gaps/gap-id.ts';
import {
  analysisOf,
  gapOf,
  gapsOf,
  historyOf,
  note,
  OPTIONS,
  packagedReference,
  problem,
  reasonsOf,
  review,
  visit,
} from '../helpers/gap-histories.ts';

type Extra = Readonly<Record<string, unknown>>;
const lab = { lines: [{ procedure: '80053' }] };
const icn = { icn: 'ICN1' };

function withNotes(codes: string, conditions: readonly Extra[], extra: Extra = {}, options = {}) {
  const encounters = [visit('E1', '2026-04-14', codes, icn), visit('E2', '2026-08-11', codes)];
  return analysisOf(historyOf(encounters, { conditions, ...extra }), options);
}

describe('specificity', () => {
  it.each([
    ['F32.A', 'F32.1', '155', 'S0_unmapped', 0.299],
    ['J84.10', 'J84.112', '278', 'S1_lower', 0.499],
    ['I50.9', 'I50.22', '226', 'S2_equal', 0],
    ['N18.30', 'N18.32', '328', 'S2_equal', 0],
    ['E11.9', 'E11.42', '37', 'S2_equal', 0],
    ['L89.150', 'L89.152', '382', 'S3_down', -0.237],
    ['L89.150', 'L89.151', '381', 'S3_down', -1.075],
  ])('%s coded, %s documented: HCC %s, %s', (code, specific, hcc, subKind, standalone) => {
    const gap = gapOf(withNotes(code, [note(specific, '2026-04-14', 'E1')]), 'specificity', hcc);
    expect(gap).toMatchObject({
      subKind,
      status: 'open',
      list: 'retrospective',
      direction: 'refine',
      act: { by: '2028-01-31', who: 'coder' },
      encounterLink: { encounterId: 'E1', icn: 'ICN1', status: 'linked' },
      impact: { standalone },
    });
    expect(gap?.candidateCodes.map((row) => row.code)).toEqual([specific]);
  });

  it('comes before documented-not-coded for what refines a submitted code', () => {
    const found = withNotes('F32.A', [note('F32.1', '2026-04-14', 'E1')]);
    expect(gapsOf(found, 'documented_not_coded')).toEqual([]);
    const beside = withNotes('F32.A', [note('J44.9', '2026-04-14', 'E1')]);
    expect(gapsOf(beside, 'specificity')).toEqual([]);
    expect(gapOf(beside, 'documented_not_coded', '280')?.status).toBe('open');
  });

  it('an unstageable ulcer is refined at its own site only', () => {
    const found = withNotes('L89.150', [note('L89.612', '2026-04-14', 'E1')]);
    expect(gapsOf(found, 'specificity')).toEqual([]);
  });

  it('gives each HCC of the specific code its own gap', () => {
    const found = withNotes('E11.9', [note('E11.621', '2026-04-14', 'E1')]);
    expect(gapOf(found, 'specificity', '37')).toMatchObject({
      subKind: 'S2_equal',
      impact: { standalone: 0 },
    });
    const second = gapsOf(found, 'specificity').find(({ hcc }) => hcc !== '37');
    expect(second?.subKind).toBe('S1_lower');
  });

  it('combines diabetes and kidney disease, both coded, and stops when the combination is coded', () => {
    const found = withNotes('E11.9 N18.31', []);
    expect(gapOf(found, 'specificity', '37')).toMatchObject({
      subKind: 'S2_equal',
      ruleId: 'specificity.combination',
      encounterLink: { encounterId: 'E2' },
    });
    expect(gapsOf(withNotes('E11.9 E11.22 N18.31', []), 'specificity')).toEqual([]);
    expect(
      gapsOf(withNotes('E11.9 N18.31', [problem('E11.22', '2026-04-14', 'active')]), 'specificity'),
    ).toHaveLength(1);
  });

  it('needs evidence that passes the tests of a documented diagnosis', () => {
    const none = [
      problem('F32.1', '2026-04-14', 'active'),
      note('F32.1', '2026-04-14', 'E1', { verification: 'provisional' }),
      note('F32.1', '2026-04-14', 'E1', { signed: false }),
      note('F32.1', '2026-04-14', 'E1', { meat: [] }),
    ];
    for (const condition of none) expect(gapsOf(withNotes('F32.A', [condition]), 'specificity')).toEqual([]);
    const unknown = withNotes('F32.A', [note('F32.1', '2026-04-14', 'E1', { meat: null })]);
    expect(gapOf(unknown, 'specificity', '155')?.confidence).toBe('low');
  });
});

describe('unspecified flags', () => {
  it('lists every more specific sibling in code order, and asks for nothing', () => {
    const found = withNotes('F32.A', []);
    expect(found.unspecified).toEqual([
      {
        code: 'F32.A',
        description: 'Depression, unspecified',
        weight: 'zero',
        hcc: null,
        siblings: [
          { code: 'F32.0', hcc: null },
          { code: 'F32.1', hcc: '155' },
          { code: 'F32.2', hcc: '155' },
          { code: 'F32.3', hcc: '152' },
          { code: 'F32.4', hcc: null },
          { code: 'F32.5', hcc: null },
          { code: 'F32.81', hcc: null },
          { code: 'F32.89', hcc: null },
        ],
        encounterIds: ['E1', 'E2'],
        providerNpi: null,
        evidence: 'none',
        gapId: null,
      },
    ]);
    expect(reasonsOf(found)).toEqual(['F32.A provider_education']);
  });

  it('carries the gap when the record holds the detail', () => {
    const found = withNotes('F32.A', [note('F32.1', '2026-04-14', 'E1')]);
    const gap = gapOf(found, 'specificity', '155');
    expect(found.unspecified).toMatchObject([{ code: 'F32.A', evidence: 'recorded', gapId: gap?.gapId }]);
    expect(reasonsOf(found)).toEqual([]);
  });

  it.each([
    'E11.9',
    'I25.10',
    'F10.20',
    'G20.A1',
    'N18.30',
    'I50.9',
    'I48.91',
    'C50.919',
    'E03.9',
    'I10',
    'D64.9',
    'E66.9',
  ])('%s is not flagged: complete, of equal weight, another event or another disease', (code) => {
    expect(withNotes(code, []).unspecified).toEqual([]);
  });

  it('another disease is shown only when the record names it, beside its neighbours', () => {
    const found = withNotes('E66.9', [note('E66.813', '2026-04-14', 'E1')]);
    expect(found.unspecified[0]?.siblings.map(({ code }) => code)).toEqual(['E66.811', 'E66.812', 'E66.813']);
  });

  it('asthma of unspecified severity shows every severity', () => {
    const [flag] = withNotes('J45.909', []).unspecified;
    expect(flag?.siblings.map(({ code }) => code)).toContain('J45.20');
    expect(flag?.weight).toBe('zero');
  });

  it('a sibling that weighs nothing more in the member is no reason', () => {
    expect(withNotes('F32.A F33.3', []).unspecified).toEqual([]);
  });
});

describe('documented, not coded', () => {
  const one = (extra: Extra) => withNotes('E11.42', [note('I50.22', '2026-04-14', 'E1', extra)]);

  it('needs an anchor, named by the condition itself', () => {
    expect(gapOf(one({}), 'documented_not_coded', '226')).toMatchObject({
      status: 'open',
      confidence: 'high',
      list: 'retrospective',
      direction: 'add',
      encounterLink: { encounterId: 'E1', icn: 'ICN1', dos: '2026-04-14', status: 'linked' },
      impact: { standalone: 0.472 },
    });
    const pending = withNotes('E11.42', [note('I50.22', '2026-08-11', 'E2')]);
    expect(gapOf(pending, 'documented_not_coded', '226')?.encounterLink?.status).toBe('link_pending_icn');
    for (const encounterId of [null, 'ELSEWHERE']) {
      const gap = gapOf(one({ encounterId }), 'documented_not_coded', '226');
      expect(gap).toMatchObject({
        status: 'no_anchor',
        reasons: ['UNLINKED_EXCLUDED'],
        impact: { standalone: 0 },
      });
      expect(gap?.encounterLink?.status).toBe(encounterId === null ? undefined : 'no_match');
    }
  });

  it('needs none where unlinked chart reviews still count, at low confidence', () => {
    const found = analysisOf(
      historyOf([visit('E1', '2025-04-14', 'I10')], { conditions: [note('J44.9', '2025-04-14', null)] }),
      { paymentYear: 2026 },
    );
    expect(gapOf(found, 'documented_not_coded', '280')).toMatchObject({
      status: 'open',
      confidence: 'low',
      flags: ['UNLINKED_CRR'],
      encounterLink: null,
      impact: { standalone: 0.319 },
    });
  });

  it.each([
    [{ verification: 'refuted' }, 'ruled_out'],
    [{ verification: 'provisional' }, 'uncertain'],
    [{ verification: 'differential' }, 'uncertain'],
    [{ verification: 'unconfirmed' }, 'uncertain'],
    [{ context: 'family_history' }, 'family_history'],
    [{ context: 'history_of' }, 'history_of'],
    [{ clinicalStatus: 'resolved' }, 'resolved'],
    [{ clinicalStatus: 'inactive' }, 'resolved'],
    [{ meat: [] }, 'no_meat'],
    [{ signed: false }, 'unsigned'],
    [{ source: 'problem_list' }, 'problem_list_only'],
  ])('%j is no gap: %s', (extra, reason) => {
    const found = one(extra);
    expect(gapsOf(found, 'documented_not_coded')).toEqual([]);
    expect(reasonsOf(found)).toContain(`226 ${reason}`);
  });

  it('a note of a visit that does not count, or was by telephone, is no gap', () => {
    for (const extra of [lab, { modality: 'audio_only' }]) {
      const found = analysisOf(
        historyOf([visit('E1', '2026-04-14', 'I10', extra)], {
          conditions: [note('J44.9', '2026-04-14', 'E1')],
        }),
      );
      expect(gapsOf(found, 'documented_not_coded')).toEqual([]);
      expect(reasonsOf(found)).toContain('280 encounter_not_eligible');
    }
  });

  it.each([{ meat: null }, { signed: null }])('%j unknown is low confidence', (extra) => {
    expect(gapOf(one(extra), 'documented_not_coded', '226')?.confidence).toBe('low');
  });

  it('an HCC that an accepted record gives, or one above it, is nothing to add', () => {
    const same = withNotes('E11.42', [note('E11.22', '2026-04-14', 'E1')]);
    expect(gapsOf(same, 'documented_not_coded')).toEqual([]);
    const higher = withNotes('N18.4', [note('N18.32', '2026-04-14', 'E1')]);
    expect(reasonsOf(higher)).toContain('328 closed_higher');
  });
});

describe('coded, not eligible', () => {
  const failing = (extra: Extra, codes = 'J44.9') =>
    analysisOf(historyOf([visit('E1', '2026-03-03', codes, extra)]));

  it.each([
    [lab, ['NO_ELIGIBLE_CPT', 'LAB_OR_IMAGING_ONLY']],
    [{ setting: 'outpatient', billType: '721' }, ['BILL_TYPE']],
    [{ mao004: 'disallowed' }, ['MAO004_DISALLOWED']],
    [{ acceptance: 'rejected' }, ['REJECTED_277CA_OR_MAO002']],
    [{ lines: [{ procedure: '99213', modifiers: ['93'] }] }, ['AUDIO_ONLY']],
    [{ source: 'chart_review', lines: [] }, ['UNLINKED_CRR']],
  ])('%j gives %j', (extra, reasons) => {
    expect(gapOf(failing(extra), 'coded_not_eligible', '280')).toMatchObject({
      status: 'open',
      reasons,
      confidence: 'high',
      list: 'prospective',
      direction: 'link',
      act: { by: '2026-12-31', who: 'provider' },
      impact: { standalone: 0.319 },
    });
  });

  it('needs every carrier to fail', () => {
    const found = analysisOf(
      historyOf([visit('E1', '2026-03-03', 'J44.9', lab), visit('E2', '2026-06-03', 'J44.9')]),
    );
    expect(gapsOf(found, 'coded_not_eligible')).toEqual([]);
  });

  it('gathers the reasons of all carriers', () => {
    const found = analysisOf(
      historyOf([visit('E1', '2026-03-03', 'J44.9', lab), review('E2', '2026-06-03', 'J44.0')]),
    );
    expect(gapOf(found, 'coded_not_eligible', '280')?.reasons).toEqual([
      'NO_ELIGIBLE_CPT',
      'LAB_OR_IMAGING_ONLY',
      'UNLINKED_CRR',
    ]);
  });

  it('an age or sex edit is a reason of the diagnosis, worth nothing', () => {
    const found = failing({}, 'P27.1');
    expect(found.encounters[0]?.eligible).toBe(true);
    expect(gapOf(found, 'coded_not_eligible', '213')).toMatchObject({
      reasons: ['AGE_SEX_EDIT'],
      impact: { standalone: 0, incremental: 0, shapley: 0, payment: 0 },
    });
  });

  it('a code that is not valid on its date has the HCC it had', () => {
    const found = failing({}, 'G35');
    expect(gapOf(found, 'coded_not_eligible', '198')).toMatchObject({
      reasons: ['INVALID_CODE_ON_DOS'],
      candidateCodes: [],
      impact: { standalone: 0.647 },
    });
  });

  it('specialty and signature do not make CMS drop a record', () => {
    expect(failing({ signed: false, provider: { npi: null, specialty: '69' } }).gaps).toEqual([]);
  });

  it('is over when the year is closed', () => {
    const found = analysisOf(historyOf([visit('E1', '2026-03-03', 'J44.9', lab)]), { asOf: '2028-02-01' });
    expect(found.gaps).toEqual([]);
    expect(reasonsOf(found)).toEqual(['280 year_closed']);
  });

  it('outranks recapture and documentation of its family', () => {
    const found = analysisOf(
      historyOf(
        [
          visit('L', '2025-03-03', 'N18.32'),
          visit('E1', '2026-03-03', 'N18.4', lab),
          visit('E2', '2026-04-03', 'I10', icn),
        ],
        { conditions: [note('N18.4', '2026-04-03', 'E2')] },
      ),
    );
    expect(found.gaps.map(({ kind, hcc }) => `${kind} ${hcc}`)).toEqual(['coded_not_eligible 327']);
  });
});

describe('decision table', () => {
  it('a doubted code hides the adds of its family', () => {
    const doubted = visit('E1', '2025-06-10', 'N18.4');
    const observations = [
      { code: '33914-3', system: 'loinc', date: '2025-06-10', value: 75, unit: 'mL/min/{1.73_m2}' },
    ];
    const found = analysisOf(historyOf([visit('L', '2024-03-03', 'N18.5'), doubted], { observations }), {
      paymentYear: 2026,
    });
    expect(gapOf(found, 'over_coding', '327')?.direction).toBe('delete');
    expect(gapsOf(found, 'recapture')).toEqual([]);
  });

  it('`kinds` narrows the gaps and nothing else', () => {
    const history = historyOf([visit('L', '2025-03-03', 'K51.90'), visit('E1', '2026-03-03', 'J44.9', lab)]);
    const all = analysisOf(history);
    const some = analysisOf(history, { kinds: ['recapture'] });
    expect(some.gaps).toEqual(gapsOf(all, 'recapture'));
    expect({ ...some, gaps: [] }).toEqual({ ...all, gaps: [] });
  });

  it('a joint rescoring closes every gap at once', () => {
    const found = analysisOf(
      historyOf([visit('L', '2025-03-03', 'J44.9 I48.20'), visit('E1', '2026-03-03', 'E11.9 I50.32')], {
        birthDate: '1949-06-15',
      }),
    );
    expect(found.raf.current?.rawScore).toBe(1.103);
    expect(found.raf.ifAllClosed?.rawScore).toBe(1.876);
    const shares = gapsOf(found, 'recapture').map(({ impact }) => impact?.shapley ?? 0);
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 0.773)).toBeLessThan(0.0025);
    expect(gapOf(found, 'recapture', '238')?.impact).toMatchObject({ standalone: 0.376, payment: 0.328 });
  });

  it('says when shares were allocated in sequence', () => {
    const codes = 'J44.9 I48.20 N18.4 B20 Z89.511 M05.79 G20.A1 K50.90 G40.909';
    const found = analysisOf(historyOf([visit('L', '2025-03-03', codes)]));
    expect(gapsOf(found, 'recapture')).toHaveLength(9);
    expect(found.raf.ifAllClosed?.assumptions.join()).toContain('in sequence');
    const total = gapsOf(found, 'recapture').reduce(
      (sum, { impact }) => sum + Math.round((impact?.shapley ?? 0) * 1000),
      0,
    );
    const joint = Math.round(
      ((found.raf.ifAllClosed?.rawScore ?? 0) - (found.raf.current?.rawScore ?? 0)) * 1000,
    );
    expect(total).toBe(joint);
  });
});

describe('programs and years', () => {
  it('refuses a member of an ACA plan and says why', () => {
    const outcome = analyzeHistory(
      packagedReference(),
      historyOf([], { coverage: { program: 'aca' } }),
      OPTIONS,
    );
    expect(outcome).toMatchObject({ ok: false, error: { code: 'not_applicable', pointer: '/coverage' } });
  });

  it('judges PACE in both models of its blend', () => {
    const found = analysisOf(
      historyOf([visit('L', '2025-03-03', 'J44.9')], { coverage: { program: 'pace' } }),
    );
    expect(gapsOf(found, 'recapture').map(({ model, hcc }) => `${model} ${hcc}`)).toEqual([
      'cms-hcc-v28 280',
      'cms-hcc-v22 111',
    ]);
    const ids = new Set(found.gaps.map((gap) => gap.gapId));
    expect(ids.size).toBe(2);
  });

  it('gives state and verdicts, no figures, in a year not started without a model', () => {
    const found = analysisOf(historyOf([visit('L', '2025-03-03', 'J44.9')]), { paymentYear: 2028 });
    expect(found).toMatchObject({
      yearState: 'not_started',
      raf: { current: null, ifAllClosed: null },
      gaps: [],
    });
    expect(found.encounters).toHaveLength(1);
  });

  it('lists gaps of an ESRD member whose score cannot be paid, and says what is missing', () => {
    const history = historyOf([visit('L', '2023-05-03', 'J44.9'), visit('E', '2024-03-03', 'I10')], {
      coverage: { esrd: { status: 'dialysis' } },
    });
    const found = analysisOf(history, { paymentYear: 2025, asOf: '2025-06-01' });
    expect(found.raf.current).toBeNull();
    expect(found.notEvaluable.find(({ test }) => test === 'raf')?.missing.join()).toContain(
      'normalization factor',
    );
    expect(gapsOf(found, 'recapture').length).toBeGreaterThan(0);
  });
});

describe('gap ids', () => {
  const base = {
    tenant: 't',
    member: 'm',
    paymentYear: 2027,
    model: 'cms-hcc-v28',
    kind: 'recapture',
    hcc: '22',
  };

  it('are 32 hexadecimal digits, the same for the same finding', () => {
    expect(gapId(base)).toMatch(/^[0-9a-f]{32}$/);
    expect(gapId({ ...base })).toBe(gapId(base));
  });

  it('differ in every part, however the parts join', () => {
    const others = [
      { ...base, tenant: '' },
      { ...base, tenant: 'tm', member: '' },
      { ...base, member: 'm2' },
      { ...base, paymentYear: 2026 },
      { ...base, model: 'cms-hcc-v24' },
      { ...base, kind: 'over_coding' },
      { ...base, hcc: '226' },
    ];
    expect(new Set([base, ...others].map(gapId)).size).toBe(8);
  });

  it('do not collide over many members', () => {
    const ids = new Set<string>();
    for (let member = 0; member < 100_000; member++) ids.add(gapId({ ...base, member: `M-${member}` }));
    expect(ids.size).toBe(100_000);
  });

  it('hold across nights: a later asOf keeps the id', () => {
    const history = historyOf([visit('L', '2025-03-03', 'J44.9')]);
    const [tonight] = analysisOf(history).gaps;
    const [tomorrow] = analysisOf(history, { asOf: '2026-11-24' }).gaps;
    expect(tomorrow?.gapId).toBe(tonight?.gapId);
  });
});
