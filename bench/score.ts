import path from 'node:path';
import { kernelOf } from '../src/engine/kernel.ts';
import { prepareMember } from '../src/engine/member-scoring.ts';
import { readOrdinaryScoreRequest } from '../src/engine/read-score-request.ts';
import type { ScoreRequest } from '../src/engine/score-contract.ts';
import { scoreRequest } from '../src/engine/score-request.ts';
import { scoreRequestText } from '../src/engine/score-text.ts';
import { loadReference } from '../src/reference/load.ts';
import { measure, picker } from './measure.ts';

const MEMBERS = 50_000;
const DIAGNOSES = 8;

/** V28, PY2027, invented members with eight diagnoses, six of them mapped: in memory, and line to line. */
export function scoreBench(): void {
  const start = performance.now();
  const reference = loadReference(path.resolve(import.meta.dirname, '../hcc-mappings'));
  process.stdout.write(`  mapping packages loaded in ${Math.round(performance.now() - start)} ms\n`);
  const codes = [...(reference.models.get('cms-hcc-v28')?.years.get(2027)?.mapping.keys() ?? [])];
  const lines = inventedLines(codes);
  const requests = lines.map((line) => readOrdinaryScoreRequest(JSON.parse(line)) as ScoreRequest);
  const kernels = requests.map((request) => {
    const prepared = prepareMember(reference, request);
    if (!prepared.ok) throw new Error(prepared.error.message);
    return kernelOf(prepared.value.parts[0].scorer);
  });
  let check = 0;
  measure('kernel, member prepared, codes as text', MEMBERS, () => {
    for (let at = 0; at < MEMBERS; at++) {
      check += kernels[at]?.rawThousandths(requests[at]?.diagnoses ?? []) ?? 0;
    }
  });
  measure('kernel, from member and codes', MEMBERS, () => {
    for (const request of requests) {
      const prepared = prepareMember(reference, request);
      if (prepared.ok) check += kernelOf(prepared.value.parts[0].scorer).rawThousandths(request.diagnoses);
    }
  });
  measure('clear path, whole answer as an object', MEMBERS, () => {
    for (const request of requests) if (scoreRequest(reference, request).ok) check++;
  });
  measure('NDJSON line to NDJSON line, every factor', MEMBERS, () => {
    for (const line of lines) {
      const request = readOrdinaryScoreRequest(JSON.parse(line));
      const answer = request && scoreRequestText(reference, request);
      if (answer?.ok) check += answer.text.length;
    }
  });
  if (check === 0) throw new Error('nothing was scored');
}

function inventedLines(codes: readonly string[]): string[] {
  const pick = picker(20261123);
  const two = (value: number): string => String(value).padStart(2, '0');
  return Array.from({ length: MEMBERS }, (_, at) =>
    JSON.stringify({
      id: `bench-${at}`,
      model: 'cms-hcc-v28',
      paymentYear: 2027,
      member: {
        sex: pick(2) ? 'F' : 'M',
        birthDate: `${1930 + pick(35)}-${two(1 + pick(12))}-${two(1 + pick(28))}`,
        originalEntitlement: pick(6) ? '0' : '1',
        dualStatus: ['00', '00', '00', '00', '02', '01'][pick(6)],
        institutional: pick(30) === 0,
        newEnrollee: pick(30) === 0,
      },
      diagnoses: Array.from({ length: DIAGNOSES }, (_unused, place) =>
        place < 6 ? codes[pick(codes.length)] : ['Z00.00', 'I10'][place - 6],
      ),
    }),
  );
}
