import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { parseHistory } from '../../src/intake/json/history.ts';
import { loadReference } from '../../src/reference/load.ts';
import { differences, type GapCase } from './gap-case.ts';

const root = path.resolve(import.meta.dirname, '../..');
const reference = loadReference(path.join(root, 'hcc-mappings'));

function analyze(gapCase: GapCase): Analysis {
  const parsed = parseHistory(gapCase.history);
  if (!parsed.ok) throw new Error(`${gapCase.id}: ${JSON.stringify(parsed.errors)}`);
  const answer = analyzeHistory(reference, parsed.history, {
    kinds: null,
    lookbackYears: 2,
    ...gapCase.options,
  });
  if (!answer.ok) throw new Error(`${gapCase.id}: ${answer.error.message}`);
  return answer.value;
}

function casesOf(file: string): readonly GapCase[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as GapCase);
}

function suite(title: string, cases: readonly GapCase[]): void {
  const byId = new Map(cases.map((gapCase) => [gapCase.id, gapCase]));
  describe(title, () => {
    for (const gapCase of cases) {
      it(`${gapCase.id} ${gapCase.title}${gapCase.contested ? ' (contested, reported only)' : ''}`, () => {
        const analysis = analyze(gapCase);
        const found = differences(analysis, gapCase.expected);
        const twin = byId.get(gapCase.expected.sameResultAs ?? '');
        if (twin) {
          expect({ ...analysis, memberId: '', gaps: withoutIds(analysis) }).toEqual({
            ...analyze({ ...twin, history: { ...(twin.history as object), memberId: analysis.memberId } }),
            memberId: '',
            gaps: withoutIds(
              analyze({ ...twin, history: { ...(twin.history as object), memberId: analysis.memberId } }),
            ),
          });
        }
        if (gapCase.contested) {
          if (found.length > 0)
            process.stderr.write(`${gapCase.id} differs (contested): ${found.join('; ')}\n`);
          return;
        }
        expect(found).toEqual([]);
      });
    }
  });
}

function withoutIds({ gaps }: Analysis): unknown {
  return gaps;
}

suite('gap cases kept with the code', casesOf(path.join(import.meta.dirname, 'gap-cases.jsonl')));

const shared = path.resolve(root, '../shared/golden/gaps.jsonl');
if (existsSync(shared)) suite('gap vectors', casesOf(shared));
else it.skip('gap vectors: ../shared/golden is absent', () => undefined);
