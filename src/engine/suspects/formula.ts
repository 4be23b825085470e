/**
 * Arithmetic of derived formulas such as FIB-4: numbers, names, `+ - * /`, parentheses and `sqrt`. The formula itself
 * is data; a new index needs no code.
 */
export type FormulaNode =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'sqrt'; readonly of: FormulaNode }
  | {
      readonly kind: 'binary';
      readonly op: '+' | '-' | '*' | '/';
      readonly left: FormulaNode;
      readonly right: FormulaNode;
    };

/** Parses a formula; throws with the place of the first thing that does not fit. */
export function parseFormula(text: string): FormulaNode {
  const tokens = text.match(/\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*|[-+*/()]|\S/g) ?? [];
  let position = 0;
  const fail = (): never => {
    throw new Error(`formula "${text}": unexpected ${tokens[position] ?? 'end'} at token ${position + 1}`);
  };
  const take = (expected: string): void => {
    if (tokens[position] !== expected) fail();
    position += 1;
  };
  const primary = (): FormulaNode => {
    const token = tokens[position];
    if (token === undefined) return fail();
    if (token === '(') {
      position += 1;
      const inner = sum();
      take(')');
      return inner;
    }
    if (/^\d/.test(token)) {
      position += 1;
      return { kind: 'number', value: Number(token) };
    }
    if (!/^[A-Za-z_]/.test(token)) return fail();
    position += 1;
    if (token !== 'sqrt') return { kind: 'name', name: token };
    take('(');
    const of = sum();
    take(')');
    return { kind: 'sqrt', of };
  };
  const chain = (next: () => FormulaNode, ops: readonly ('+' | '-' | '*' | '/')[]): FormulaNode => {
    let left = next();
    for (;;) {
      const op = ops.find((candidate) => candidate === tokens[position]);
      if (op === undefined) return left;
      position += 1;
      left = { kind: 'binary', op, left, right: next() };
    }
  };
  const product = (): FormulaNode => chain(primary, ['*', '/']);
  const sum = (): FormulaNode => chain(product, ['+', '-']);
  const node = sum();
  if (position !== tokens.length) fail();
  return node;
}

/** Names a formula uses, without repetition. */
export function formulaNames(node: FormulaNode): readonly string[] {
  switch (node.kind) {
    case 'number':
      return [];
    case 'name':
      return [node.name];
    case 'sqrt':
      return formulaNames(node.of);
    case 'binary':
      return [...new Set([...formulaNames(node.left), ...formulaNames(node.right)])];
  }
}

/** Value of a formula, or null when a name has no value or the arithmetic has no finite answer. */
export function evaluateFormula(node: FormulaNode, values: ReadonlyMap<string, number>): number | null {
  const value = compute(node, values);
  return Number.isFinite(value) ? value : null;
}

function compute(node: FormulaNode, values: ReadonlyMap<string, number>): number {
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'name':
      return values.get(node.name) ?? Number.NaN;
    case 'sqrt':
      return Math.sqrt(compute(node.of, values));
    case 'binary': {
      const left = compute(node.left, values);
      const right = compute(node.right, values);
      switch (node.op) {
        case '+':
          return left + right;
        case '-':
          return left - right;
        case '*':
          return left * right;
        case '/':
          return left / right;
      }
    }
  }
}
