import path from 'node:path';
import { byteSink } from '../src/engine/byte-text.ts';
import { kernelOf } from '../src/engine/kernel.ts';
import { prepareMember } from '../src/engine/member-scoring.ts';
import { readOrdinaryScoreRequest } from '../src/engine/read-score-request.ts';
import type { ReferenceData } from '../src/engine/reference-data.ts';
import type { ScoreRequest } from '../src/engine/score-contract.ts';
import { lineScorer } from '../src/engine/score-line.ts';
import { scoreRequest } from '../src/engine/score-request.ts';
import { scoreRequestText } from '../src/engine/score-text.ts';
import { parseScoreRequest } from '../src/intake/json/requests.ts';
import { packageRoot } from '../src/paths.ts';
import { loadReference } from '../src/reference/load.ts';
import { DIAGNOSES, inventedLines, SCOPES } from './invented-requests.ts';
import { measure } from './measure.ts';

const MEMBERS = 50_000;
let check = 0;

/** In memory, one thread, {@link DIAGNOSES} mapped codes a member: raw scores of every model, and whole answers. */
export function scoreBench(): void {
  const reference = loadReference(path.join(packageRoot(), 'hcc-mappings'));
  for (const scope of SCOPES) {
    const lines = inventedLines(reference, scope, MEMBERS);
    const requests = lines.map(requestOf);
    const name = `${scope.model} ${scope.paymentYear}`;
    if (scope.model.startsWith('hhs-')) clearScores(reference, name, requests);
    else rawScores(reference, name, requests);
    if (scope.model === 'cms-hcc-v28') {
      clearScores(reference, name, requests);
      lineToLine(reference, name, lines);
    }
  }
  if (check === 0) throw new Error('nothing was scored');
}

function requestOf(line: string): ScoreRequest {
  const value: unknown = JSON.parse(line);
  const ordinary = readOrdinaryScoreRequest(value);
  if (ordinary !== null) return ordinary;
  const parsed = parseScoreRequest(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.request;
}

function rawScores(reference: ReferenceData, name: string, requests: readonly ScoreRequest[]): void {
  measure(`${name}: raw score, ${DIAGNOSES} diagnoses, from member and codes`, MEMBERS, () => {
    for (const request of requests) {
      const prepared = prepareMember(reference, request);
      if (!prepared.ok) throw new Error(prepared.error.message);
      check += kernelOf(prepared.value.parts[0].scorer).rawThousandths(request.diagnoses);
    }
  });
}

function clearScores(reference: ReferenceData, name: string, requests: readonly ScoreRequest[]): void {
  measure(`${name}: whole answer as an object, every factor`, MEMBERS, () => {
    for (const request of requests) if (scoreRequest(reference, request).ok) check++;
  });
}

function lineToLine(reference: ReferenceData, name: string, lines: readonly string[]): void {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const scoreLine = lineScorer(reference);
  // What a run meets for the first time goes another way, which makes it known.
  for (const line of lines) scoreRequestText(reference, requestOf(line));
  const sink = byteSink(1 << 18);
  measure(`${name}: line to line in memory, every factor`, MEMBERS, () => {
    for (let from = 0; from < bytes.length; ) {
      const next = scoreLine(bytes, from, sink);
      if (next < 0) throw new Error('a line was left to the other way');
      if (sink.at > 1 << 17) sink.at = 0;
      from = next;
    }
  });
}
