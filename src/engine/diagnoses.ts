import type { Sex } from './history.ts';
import type { DiagnosisEdit, ModelYear } from './model.ts';

export interface EditedCode {
  readonly code: string;
  readonly edit: DiagnosisEdit;
}

/** What a list of diagnoses becomes in one model and payment year. */
export interface DiagnosisMapping {
  /** HCC to the codes that give it, each once, in the order first met. Before rules and hierarchies. */
  readonly categories: ReadonlyMap<string, readonly string[]>;
  /** Codes in no HCC of the model that year, before any edit. */
  readonly unmapped: readonly string[];
  /** Codes that an age or sex edit removed or moved. */
  readonly edited: readonly EditedCode[];
}

export interface EditPerson {
  readonly age: number;
  readonly sex: Sex;
}

/** HCCs of a code by the table alone, without edits; empty when the code maps to none. */
export function mapCode(year: ModelYear, code: string): readonly string[] {
  return year.mapping.get(code) ?? NONE;
}
const NONE: readonly string[] = [];

/** The edit that fires for this code and person, if any: `invalid` outranks `override`. */
export function firingEdit(year: ModelYear, code: string, who: EditPerson): DiagnosisEdit | null {
  const edits = year.edits.get(code);
  return edits === undefined ? null : firingOf(edits, who);
}

/** The edit of a code's that fires for this person, if any. */
export function firingOf(edits: readonly DiagnosisEdit[], who: EditPerson): DiagnosisEdit | null {
  let firing: DiagnosisEdit | null = null;
  for (const edit of edits) {
    if (edit.ageMin !== null && who.age < edit.ageMin) continue;
    if (edit.ageMax !== null && who.age > edit.ageMax) continue;
    if (edit.sex !== null && who.sex !== edit.sex) continue;
    if (edit.action === 'invalid') return edit;
    firing ??= edit;
  }
  return firing;
}

/** HCCs of a code for this person, after age and sex edits. */
export function mapCodeFor(year: ModelYear, code: string, who: EditPerson): readonly string[] {
  const edit = firingEdit(year, code, who);
  if (edit === null) return mapCode(year, code);
  return edit.action === 'override' && edit.toHcc !== null ? [edit.toHcc] : NONE;
}

/** Maps undotted upper-case codes to categories for one person; order and repetition do not matter. */
export function mapDiagnoses(year: ModelYear, who: EditPerson, codes: Iterable<string>): DiagnosisMapping {
  const categories = new Map<string, string[]>();
  const unmapped: string[] = [];
  const edited: EditedCode[] = [];
  for (const code of codes instanceof Set ? codes : new Set(codes)) {
    const mapped = year.mapping.get(code);
    if (mapped === undefined) {
      unmapped.push(code);
      continue;
    }
    let hccs = mapped;
    const edit = firingEdit(year, code, who);
    if (edit !== null) {
      edited.push({ code, edit });
      hccs = edit.action === 'override' && edit.toHcc !== null ? [edit.toHcc] : NONE;
    }
    for (const hcc of hccs) {
      const known = categories.get(hcc);
      if (known === undefined) categories.set(hcc, [code]);
      else known.push(code);
    }
  }
  return { categories, unmapped, edited };
}
