import { compareHccs } from '../../engine/model.ts';
import type { MappingPackage } from '../package.ts';
import { tsvRows } from '../rows.ts';
import { isProblem, readCsvTable } from './csv-table.ts';
import { variableKey } from './variable-names.ts';

/** Disease groups and interactions as the Python package lists them (`…_Diagnosis_Categories.csv`, `…_Interactions.csv`). */
export interface ModelLogic {
  /** Group to its HCC numbers. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly interactions: readonly string[];
}

/** A group and, in the further columns, its HCCs. Unreadable files give nothing: the logic is only compared. */
export function readGroups(file: string, text: string): Map<string, readonly string[]> {
  const table = readCsvTable(file, text);
  if (isProblem(table)) return new Map();
  return new Map(
    table.rows.map(({ cells: [name = '', ...members] }) => [
      name,
      members.flatMap((member) => /^(?:RX)?HCC(\d+)$/i.exec(member)?.[1] ?? []),
    ]),
  );
}

/** The names in the first column. */
export function readInteractionNames(file: string, text: string): string[] {
  const table = readCsvTable(file, text);
  return isProblem(table) ? [] : table.rows.flatMap(({ cells: [name] }) => (name ? [name] : []));
}

/**
 * How the published logic differs from the terms of the model. Terms carry over by themselves, so a difference is
 * told, for a person to look at, and refuses nothing.
 */
export function logicNotes(base: MappingPackage, logic: ModelLogic): string[] {
  const terms = tsvRows(base, 'terms.tsv', ['kind', 'name', 'when', 'segments', 'detail']);
  const named = new Set(terms.map(([, name = '']) => variableKey(name)));
  const groups = new Map(
    terms
      .filter(([kind]) => kind === 'group')
      .map(([, name = '', when = '']) => [variableKey(name), members(when)]),
  );
  const changed = [...logic.groups].flatMap(([name, hccs]) => {
    const held = groups.get(variableKey(name));
    const stated = [...hccs].sort(compareHccs).join(', ');
    return held === undefined || held === stated ? [] : [`group ${name} is ${stated}; the model has ${held}`];
  });
  const unknown = logic.interactions.filter((name) => !named.has(variableKey(name)));
  return [...changed, ...unknown.map((name) => `interaction ${name} is no term of the model`)];
}

function members(when: string): string {
  return [...when.matchAll(/HCC(\d+)/g)]
    .map(([, hcc = '']) => hcc)
    .sort(compareHccs)
    .join(', ');
}
