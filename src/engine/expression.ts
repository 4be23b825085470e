import type { Person } from './demographics.ts';

/** A compiled condition on the person and on the HCCs left after hierarchies. */
export type Condition = (person: Person, hccs: ReadonlySet<string>) => boolean;

/** A condition as a tree; names are already replaced by what they stand for. */
export type Expression =
  | { readonly kind: 'any' | 'all'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | { readonly kind: 'hcc'; readonly hcc: string }
  | { readonly kind: 'person'; readonly holds: (person: Person) => boolean };

/** Names a condition may use besides the built-in fields: flags and groups defined earlier in the same table. */
export type Names = ReadonlyMap<string, Expression>;

const COMPARISON = /^(age|cellAge|orec|sex|dual|esrd|graftMonths)(>=|<=|!=|=|<|>)([A-Za-z0-9]+)$/;
const TOKEN = /\s*([()|&!]|[A-Za-z0-9_.]+(?:(?:>=|<=|!=|=|<|>)[A-Za-z0-9]+)?)/y;
const BUILT_IN: Readonly<Record<string, (person: Person) => boolean>> = {
  always: () => true,
  institutional: (person) => person.institutional,
  newEnrollee: (person) => person.newEnrollee,
  cSnp: (person) => person.cSnp,
  lowIncome: (person) => person.lowIncome,
};

/**
 * Parses a condition of a model's term table. Grammar: `|` any, `&` all, `!` not, parentheses; atoms are
 * comparisons on the person (`age>=65`, `dual=full`), built-in flags, names defined earlier, and HCCs
 * (`HCC85`). Throws with the text and the place when the condition cannot be read.
 */
export function parseCondition(text: string, names: Names, hccPrefix: string): Expression {
  const tokens = tokenize(text);
  let at = 0;
  const fail = (reason: string): never => {
    throw new Error(`condition "${text}": ${reason}`);
  };
  const list = (operator: string, kind: 'any' | 'all', part: () => Expression): Expression => {
    const parts = [part()];
    while (tokens[at] === operator) {
      at++;
      parts.push(part());
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind, parts };
  };
  const any = (): Expression => list('|', 'any', all);
  const all = (): Expression => list('&', 'all', one);
  function one(): Expression {
    const token = tokens[at++];
    if (token === undefined) return fail('ends too early');
    if (token === '!') return { kind: 'not', part: one() };
    if (token === '(') {
      const inner = any();
      if (tokens[at++] !== ')') fail('lacks a closing parenthesis');
      return inner;
    }
    return atom(token, names, hccPrefix) ?? fail(`unknown name ${token}`);
  }
  const result = any();
  if (at !== tokens.length) fail(`unexpected ${tokens[at]}`);
  return result;
}

/** The condition as a function. */
export function conditionOf(expression: Expression): Condition {
  switch (expression.kind) {
    case 'any': {
      const parts = expression.parts.map(conditionOf);
      return (person, hccs) => parts.some((part) => part(person, hccs));
    }
    case 'all': {
      const parts = expression.parts.map(conditionOf);
      return (person, hccs) => parts.every((part) => part(person, hccs));
    }
    case 'not': {
      const part = conditionOf(expression.part);
      return (person, hccs) => !part(person, hccs);
    }
    case 'hcc': {
      const { hcc } = expression;
      return (_person, hccs) => hccs.has(hcc);
    }
    case 'person': {
      const { holds } = expression;
      return (person) => holds(person);
    }
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const source = text.trim() === '' ? 'always' : text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (!match?.[1]) throw new Error(`condition "${text}": cannot be read`);
    tokens.push(match[1]);
  }
  return tokens;
}

function atom(token: string, names: Names, hccPrefix: string): Expression | null {
  const known = names.get(token);
  if (known) return known;
  const flag = BUILT_IN[token];
  if (flag) return { kind: 'person', holds: flag };
  if (token.startsWith(hccPrefix) && /^\d/.test(token.slice(hccPrefix.length))) {
    return { kind: 'hcc', hcc: token.slice(hccPrefix.length) };
  }
  const [, field, operator, value] = COMPARISON.exec(token) ?? [];
  if (!field || !operator || !value) return null;
  return { kind: 'person', holds: comparison(field as keyof Person, operator, value) };
}

function comparison(field: keyof Person, operator: string, value: string): (person: Person) => boolean {
  if (operator === '=') return (person) => String(person[field]) === value;
  if (operator === '!=') return (person) => String(person[field]) !== value;
  const limit = Number(value);
  switch (operator) {
    case '>=':
      return (person) => Number(person[field]) >= limit;
    case '<=':
      return (person) => Number(person[field]) <= limit;
    case '<':
      return (person) => Number(person[field]) < limit;
    default:
      return (person) => Number(person[field]) > limit;
  }
}
