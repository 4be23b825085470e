import type { Separators } from './tokenizer.ts';

export interface DiagnosisComposite {
  readonly qualifier: string;
  readonly code: string;
  /** Written with another separator than ISA16 declares, or as two elements. */
  readonly malformed: boolean;
  /** The text as sent. */
  readonly text: string;
  /** Element position in HI, 1-based. */
  readonly element: number;
}

/** Qualifiers of HI01-1 that carry a diagnosis; `B..` without A are ICD-9-CM. */
const DIAGNOSIS_QUALIFIERS = new Set(['ABK', 'ABF', 'ABJ', 'APR', 'ABN', 'BK', 'BF', 'BJ', 'PR', 'BN']);
const OTHER_QUALIFIERS = /^(BBR|BBQ|BR|BQ|DR|BP|BO|BE|BG|BH|BI|TC|CAH|CN|LOI|ABU|BU)$/;

/**
 * The diagnosis composites of one HI segment, in order, with those public samples write wrongly marked `malformed`:
 * `HI*BK>7215` where `:` is declared, and qualifier and code as elements of their own (`HI*BK*8901`). Composites of
 * other qualifiers (procedures, DRG, occurrence codes) are left out.
 */
export function diagnosisComposites(
  elements: readonly string[],
  separators: Separators,
): readonly DiagnosisComposite[] {
  const found: DiagnosisComposite[] = [];
  for (let at = 1; at < elements.length; at += 1) {
    const whole = elements[at] ?? '';
    const repeats = separators.repetition === null ? [whole] : whole.split(separators.repetition);
    for (const text of repeats) {
      if (text.trim() === '') continue;
      const [qualifier = '', code = ''] = text.split(separators.component);
      if (DIAGNOSIS_QUALIFIERS.has(qualifier)) {
        const next = elements[at + 1] ?? '';
        if (code === '' && !text.includes(separators.component) && /^[A-Za-z0-9.]{3,8}$/.test(next)) {
          found.push({ qualifier, code: next, malformed: true, text: `${qualifier} ${next}`, element: at });
          at += 1;
        } else {
          found.push({ qualifier, code, malformed: code === '', text, element: at });
        }
        continue;
      }
      if (OTHER_QUALIFIERS.test(qualifier)) continue;
      const foreign = /^([A-Z]{2,3})([^A-Za-z0-9])(.*)$/s.exec(text);
      if (foreign && OTHER_QUALIFIERS.test(foreign[1] ?? '')) continue;
      const [, word = '', separator = '', rest = ''] = foreign ?? [];
      const foreignCode = DIAGNOSIS_QUALIFIERS.has(word) ? (rest.split(separator)[0] ?? '') : '';
      found.push({
        qualifier: foreignCode === '' ? '' : word,
        code: foreignCode,
        malformed: true,
        text,
        element: at,
      });
    }
  }
  return found;
}

export interface ProcedureComposite {
  readonly qualifier: string;
  readonly code: string;
  readonly modifiers: readonly string[];
  readonly malformed: boolean;
}

/** SV101 or SV202: qualifier, code and up to four modifiers; `malformed` when another separator was used. */
export function procedureComposite(text: string, separators: Separators): ProcedureComposite | null {
  if (text.trim() === '') return null;
  let separator = separators.component;
  const foreign = /^[A-Z]{2}([^A-Za-z0-9])/.exec(text);
  const malformed = !text.includes(separator);
  if (malformed) separator = foreign?.[1] ?? separator;
  const [qualifier = '', code = '', ...rest] = text.split(separator);
  return {
    qualifier,
    code: code.trim().toUpperCase(),
    modifiers: rest
      .slice(0, 4)
      .map((modifier) => modifier.trim().toUpperCase())
      .filter((modifier) => /^[0-9A-Z]{2}$/.test(modifier)),
    malformed,
  };
}

/** CLM05: facility code, qualifier (`A` bill type, `B` place of service) and frequency. */
export function facilityComposite(
  text: string,
  separators: Separators,
): { facility: string; qualifier: string; frequency: string; malformed: boolean } {
  let separator = separators.component;
  const malformed = text !== '' && !text.includes(separator);
  if (malformed) separator = /^[0-9A-Z]{2}([^A-Za-z0-9])/.exec(text)?.[1] ?? separator;
  const [facility = '', qualifier = '', frequency = ''] = text.split(separator);
  return { facility: facility.trim(), qualifier: qualifier.trim(), frequency: frequency.trim(), malformed };
}
