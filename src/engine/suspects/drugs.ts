/** Active ingredients of a product and its route; names are in the spelling of the rules' value sets. */
export interface DrugProduct {
  readonly ingredients: readonly string[];
  /** Derived from the dose form; null: unknown. */
  readonly route: string | null;
}

/** Compiled from the packages `drugs` (products) and `suspecting` (names). */
export interface DrugTables {
  /** By the first nine digits of the NDC-11 (labeler and product). */
  readonly byNdc9: ReadonlyMap<string, DrugProduct>;
  readonly byRxcui: ReadonlyMap<string, DrugProduct>;
  /** Every ingredient name of the value sets. */
  readonly ingredientNames: ReadonlySet<string>;
  /** INN, USAN and salt names to the value sets' spelling. */
  readonly synonyms: ReadonlyMap<string, string>;
  /** Words that name a salt, ester or hydrate at the end of an ingredient name. */
  readonly saltWords: ReadonlySet<string>;
  /** Spellings of a route to the tables' own word. */
  readonly routeSpellings: ReadonlyMap<string, string>;
}

export type NdcRefusal =
  | 'ambiguous_10_digits'
  | 'bad_length'
  | 'labeler_6_digits'
  | 'bad_segments'
  | 'placeholder'
  | 'not_digits';

export type NdcReading =
  | {
      readonly ok: true;
      /** null for a labeler-product code without package segment. */
      readonly ndc11: string | null;
      readonly ndc9: string;
    }
  | { readonly ok: false; readonly reason: NdcRefusal };

/** Accepted segment lengths of FDA's forms and the claim form: labeler-product-package. */
const SEGMENT_FORMS: ReadonlySet<string> = new Set(['4-4-2', '5-3-2', '5-4-1', '5-4-2']);
const PRODUCT_FORMS: ReadonlySet<string> = new Set(['4-4', '5-3', '5-4']);
const PLACEHOLDERS: ReadonlySet<string> = new Set(['00000000000', '99999999999']);

/**
 * Reads an NDC as sent into the 5-4-2 form of claims (FDA 10-digit forms get one zero before the short segment).
 * A `N4` qualifier, a URN or OID prefix and blanks are dropped. Ten digits without hyphens have three readings that
 * name different drugs, so they are refused, as are placeholders and codes whose zeros were lost.
 */
export function normalizeNdc(input: string): NdcReading {
  const text = input
    .trim()
    .replace(/^(?:urn:|https?:).*[:/|]/i, '')
    .replace(/^N4/i, '')
    .trim();
  if (!/^\d[\d-]*$/.test(text)) return { ok: false, reason: 'not_digits' };
  const segments = text.split('-');
  if (segments.length === 1) return plainNdc(text);
  return hyphenatedNdc(segments);
}

function plainNdc(digits: string): NdcReading {
  if (PLACEHOLDERS.has(digits)) return { ok: false, reason: 'placeholder' };
  if (digits.length === 11) return { ok: true, ndc11: digits, ndc9: digits.slice(0, 9) };
  if (digits.length === 12) {
    return digits.startsWith('0') ? plainNdc(digits.slice(1)) : { ok: false, reason: 'labeler_6_digits' };
  }
  return { ok: false, reason: digits.length === 10 ? 'ambiguous_10_digits' : 'bad_length' };
}

function hyphenatedNdc(sent: readonly string[]): NdcReading {
  const [first = '', ...rest] = sent;
  // A labeler of six digits (FDA's form from 2033) is today's only when its first digit is a padding zero.
  if (first.length === 6 && !first.startsWith('0')) return { ok: false, reason: 'labeler_6_digits' };
  const segments = [first.length === 6 ? first.slice(1) : first, ...rest];
  const form = segments.map((segment) => segment.length).join('-');
  const [labeler = '', product = '', packaging = ''] = segments;
  const ndc9 = labeler.padStart(5, '0') + product.padStart(4, '0');
  if (PRODUCT_FORMS.has(form)) return { ok: true, ndc11: null, ndc9 };
  if (!SEGMENT_FORMS.has(form)) return { ok: false, reason: 'bad_segments' };
  const ndc11 = ndc9 + packaging.padStart(2, '0');
  return PLACEHOLDERS.has(ndc11) ? { ok: false, reason: 'placeholder' } : { ok: true, ndc11, ndc9 };
}

export interface DrugCoding {
  readonly code: string;
  /** `rxnorm`, `ndc`; any other system is passed over. */
  readonly system: string;
}

export interface DrugQuery {
  readonly codings: readonly DrugCoding[];
  /** Ingredient or product name of the feed; a combination joined by `/`, `|`, `;`, `+`, comma, `and` or a hyphen. */
  readonly name: string | null;
  /** The feed's own route, which wins over the table's. */
  readonly route: string | null;
}

export type DrugResolution =
  | {
      readonly ok: true;
      readonly ingredients: readonly string[];
      readonly route: string | null;
      readonly by: 'rxnorm' | 'ndc' | 'name';
    }
  | {
      readonly ok: false;
      /** `not_found`: outside the rules or newer than the tables; it proves nothing. */
      readonly reason: NdcRefusal | 'not_found' | 'codes_disagree';
      readonly route: string | null;
    };

/**
 * Product code of a feed to its ingredients: RxNorm first, then NDC, then the name. Two codings that name different
 * ingredients are both set aside (`codes_disagree`).
 */
export function resolveDrug(tables: DrugTables, query: DrugQuery): DrugResolution {
  const route = query.route === null ? null : normalRoute(tables, query.route);
  const rxnorm = lookUp(query.codings, 'rxnorm', (code) => tables.byRxcui.get(code.trim()));
  let refusal: NdcRefusal | null = null;
  const ndc = lookUp(query.codings, 'ndc', (code) => {
    const reading = normalizeNdc(code);
    if (reading.ok) return tables.byNdc9.get(reading.ndc9);
    refusal ??= reading.reason;
    return undefined;
  });
  const products = [...rxnorm, ...ndc];
  const [first] = products;
  if (first !== undefined) {
    const same = products.every((product) => sameIngredients(product, first));
    if (!same) return { ok: false, reason: 'codes_disagree', route };
    return {
      ok: true,
      ingredients: first.ingredients,
      route: route ?? first.route,
      by: rxnorm.length > 0 ? 'rxnorm' : 'ndc',
    };
  }
  const named = query.name === null ? [] : ingredientsOfName(tables, query.name);
  if (named.length > 0) return { ok: true, ingredients: named, route, by: 'name' };
  return { ok: false, reason: refusal ?? 'not_found', route };
}

function lookUp(
  codings: readonly DrugCoding[],
  system: string,
  find: (code: string) => DrugProduct | undefined,
): DrugProduct[] {
  return codings
    .filter((coding) => coding.system === system)
    .map((coding) => find(coding.code))
    .filter((product) => product !== undefined);
}

function sameIngredients(a: DrugProduct, b: DrugProduct): boolean {
  return (
    a.ingredients.length === b.ingredients.length && a.ingredients.every((i) => b.ingredients.includes(i))
  );
}

/** The tables' word for a route: lower case, known spellings unified. */
export function normalRoute(tables: DrugTables, route: string): string {
  const plain = route.trim().toLowerCase();
  return tables.routeSpellings.get(plain) ?? plain;
}

/** One ingredient name in the value sets' spelling: lower case, synonym replaced, salt words dropped from the end. */
export function normalIngredient(tables: DrugTables, name: string): string {
  let words = name.trim().toLowerCase().replace(/\s+/g, ' ').split(' ');
  while (words.length > 0) {
    const plain = words.join(' ');
    if (tables.ingredientNames.has(plain)) return plain;
    const canonical = tables.synonyms.get(plain);
    if (canonical !== undefined) return canonical;
    const last = words.at(-1) ?? '';
    if (words.length === 1 || !tables.saltWords.has(last)) return plain;
    words = words.slice(0, -1);
  }
  return '';
}

/** Ingredients of a name as written. A hyphen parts a combination only when a part is then a known ingredient. */
export function ingredientsOfName(tables: DrugTables, name: string): readonly string[] {
  const whole = normalIngredient(tables, name);
  if (whole === '') return [];
  if (tables.ingredientNames.has(whole)) return [whole];
  const parts = name.split(/\s*[/|;+,]\s*|\s+and\s+/i).filter((part) => part !== '');
  const names = parts.flatMap((part) => {
    const plain = normalIngredient(tables, part);
    if (tables.ingredientNames.has(plain) || !part.includes('-')) return [plain];
    const pieces = part.split('-').map((piece) => normalIngredient(tables, piece));
    return pieces.some((piece) => tables.ingredientNames.has(piece)) ? pieces : [plain];
  });
  return [...new Set(names)].filter((plain) => plain !== '');
}
