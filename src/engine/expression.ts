import type { Person } from './demographics.ts';

/** A compiled condition on the person and on the HCCs left after hierarchies. */
export type Condition = (person: Person, hccs: ReadonlySet<string>) => boolean;

/** Names a condition may use besides the built-in fields: flags and groups defined earlier in the same table. */
export type Names = ReadonlyMap<string, Condition>;

const COMPARISON = /^(age|cellAge|orec|sex|dual|esrd|graftMonths)(>=|<=|!=|=|<|>)([A-Za-z0-9]+)$/;
const TOKEN = /\s*([()|&!]|[A-Za-z0-9_.]+(?:(?:>=|<=|!=|=|<|>)[A-Za-z0-9]+)?)/y;
const BUILT_IN: Readonly<Record<string, Condition>> = {
  always: () => true,
  institutional: (person) => person.institutional,
  newEnrollee: (person) => person.newEnrollee,
  cSnp: (person) => person.cSnp,
  lowIncome: (person) => person.lowIncome,
};

/**
 * Compiles a condition of a model's term table. Grammar: `|` any, `&` all, `!` not, parentheses; atoms are
 * comparisons on the person (`age>=65`, `dual=full`), built-in flags, names defined earlier, and HCCs
 * (`HCC85`). Throws with the text and the place when the condition cannot be read.
 */
export function compileCondition(text: string, names: Names, hccPrefix: string): Condition {
  const tokens = tokenize(text);
  let at = 0;
  const fail = (reason: string): never => {
    throw new Error(`condition "${text}": ${reason}`);
  };
  const any = (): Condition => list('|', all, (a, b) => (person, hccs) => a(person, hccs) || b(person, hccs));
  const all = (): Condition => list('&', one, (a, b) => (person, hccs) => a(person, hccs) && b(person, hccs));
  function list(
    operator: string,
    part: () => Condition,
    join: (a: Condition, b: Condition) => Condition,
  ): Condition {
    let result = part();
    while (tokens[at] === operator) {
      at++;
      result = join(result, part());
    }
    return result;
  }
  function one(): Condition {
    const token = tokens[at++];
    if (token === undefined) return fail('ends too early');
    if (token === '!') {
      const inner = one();
      return (person, hccs) => !inner(person, hccs);
    }
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

function atom(token: string, names: Names, hccPrefix: string): Condition | null {
  const known = BUILT_IN[token] ?? names.get(token);
  if (known) return known;
  if (token.startsWith(hccPrefix) && /^\d/.test(token.slice(hccPrefix.length))) {
    const hcc = token.slice(hccPrefix.length);
    return (_person, hccs) => hccs.has(hcc);
  }
  const [, field, operator, value] = COMPARISON.exec(token) ?? [];
  return field && operator && value ? comparison(field as keyof Person, operator, value) : null;
}

function comparison(field: keyof Person, operator: string, value: string): Condition {
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
