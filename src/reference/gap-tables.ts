import {
  type CancerTreatment,
  type CodePattern,
  codePattern,
  type GapTables,
  type HccPersistence,
  PERSISTENCE_CLASSES,
  type PersistenceClass,
  type Successor,
} from '../engine/gaps/tables.ts';
import { MODEL_IDS, type ModelId } from '../engine/score-contract.ts';
import { type MappingPackage, openPackage, PackageError } from './package.ts';

interface TreatmentFile {
  readonly cptRanges: readonly { readonly from: string; readonly to: string }[];
  readonly hcpcsRanges: readonly { readonly from: string; readonly to: string }[];
  readonly diagnosisPatterns: readonly string[];
}

/** Loads persistence classes and the code lists behind recapture. */
export function loadGapTables(root: string): GapTables {
  const opened = openPackage(root, 'gaps');
  const reviewStatus = opened.manifest.properties?.reviewStatus;
  return {
    reviewStatus: typeof reviewStatus === 'string' ? reviewStatus : 'unknown',
    persistence: new Map(
      opened.table('persistence.tsv').map((row): [string, HccPersistence] => [
        row.hcc ?? '',
        {
          class: persistenceClass(row.class ?? ''),
          evidenceNeeded: row.evidence_needed ?? '',
          successor: row.successor_or_resolved ?? '',
        },
      ]),
    ),
    neverRecapture: grouped(opened, 'never-recapture.tsv', (row) => [
      row.hcc ?? '',
      codePattern(row.pattern ?? ''),
    ]),
    chronicHccs: chronicHccs(opened),
    acuteOnChronic: acuteOnChronic(opened),
    successors: grouped(opened, 'successors.tsv', (row): [string, Successor] => [
      row.hcc ?? '',
      { pattern: codePattern(row.pattern ?? ''), meaning: row.meaning ?? '' },
    ]),
    cancerHistory: opened
      .table('cancer-history.tsv')
      .map((row) => ({ pattern: codePattern(row.pattern ?? ''), from: row.from ?? '', to: row.to ?? '' })),
    askedAs: new Map(opened.table('asked-as.tsv').map((row) => [row.code ?? '', row.asked_as ?? ''])),
    cancerTreatment: cancerTreatment(opened),
    oigSelectors: opened
      .table('oig-selectors.tsv')
      .map((row) => ({ group: row.group ?? '', pattern: codePattern(row.pattern ?? '') })),
  };
}

function grouped<T>(
  opened: MappingPackage,
  file: string,
  read: (row: Record<string, string>) => readonly [string, T],
): Map<string, T[]> {
  const result = new Map<string, T[]>();
  for (const row of opened.table(file)) {
    const [key, value] = read(row);
    const known = result.get(key);
    if (known) known.push(value);
    else result.set(key, [value]);
  }
  return result;
}

function chronicHccs(opened: MappingPackage): Map<ModelId, Set<string>> {
  const result = new Map<ModelId, Set<string>>();
  for (const row of opened.table('chronic-hccs.tsv')) {
    if (row.chronic !== 'Y') continue;
    const model = modelId(row.model ?? '');
    const known = result.get(model) ?? new Set<string>();
    known.add(row.hcc ?? '');
    result.set(model, known);
  }
  return result;
}

function acuteOnChronic(opened: MappingPackage): Map<ModelId, Map<string, readonly string[]>> {
  const result = new Map<ModelId, Map<string, readonly string[]>>();
  for (const row of opened.table('acute-on-chronic.tsv')) {
    const model = modelId(row.model ?? '');
    const known = result.get(model) ?? new Map<string, readonly string[]>();
    known.set(row.hcc ?? '', (row.bases ?? '').split(' '));
    result.set(model, known);
  }
  return result;
}

function cancerTreatment(opened: MappingPackage): CancerTreatment {
  const file = opened.json<TreatmentFile>('cancer-treatment.json');
  return {
    procedureRanges: [...file.cptRanges, ...file.hcpcsRanges],
    diagnosisPatterns: file.diagnosisPatterns.map((text): CodePattern => codePattern(text)),
    drugs: new Set(opened.table('cancer-drugs.tsv').map((row) => row.ingredient ?? '')),
  };
}

function persistenceClass(text: string): PersistenceClass {
  const known = PERSISTENCE_CLASSES.find((name) => name === text);
  if (known === undefined) throw new PackageError(`package gaps: unknown persistence class ${text}`);
  return known;
}

function modelId(text: string): ModelId {
  const known = MODEL_IDS.find((id) => id === text);
  if (known === undefined) throw new PackageError(`package gaps: unknown model ${text}`);
  return known;
}
