import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { overrideInForce } from '../analysis/payment-overrides.ts';
import { hasPaymentRow, type PaymentOverride } from '../engine/payment-overrides.ts';
import { jsonFault } from '../intake/json/fault-place.ts';
import { loadPayment } from '../reference/payment.ts';
import { CommandError } from './exit.ts';

const file = z.array(overrideInForce).max(100);

/**
 * The payment parameters of a file (`--parameters`): a JSON list of overrides, each with who set it (`by`), when (`on`)
 * and why, in the shape of a tenant's settings. Throws CommandError that names place and reason: a file that cannot be
 * read, is no JSON, breaks the schema, or is about a row that no model, program and year has.
 */
export function readParametersFile(path: string, mappingsDir: string): readonly PaymentOverride[] {
  const text = textOf(path);
  const given = jsonOf(path, text);
  const parsed = file.safeParse(given);
  if (!parsed.success) {
    throw unusable(
      path,
      parsed.error.issues.map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`),
    );
  }
  const payment = loadPayment(mappingsDir);
  const stray = parsed.data.flatMap((override, place) =>
    hasPaymentRow(payment, override)
      ? []
      : [
          `/${place}: no payment parameters of ${override.model} for program ${override.program}, payment year ${override.paymentYear} in this scope`,
        ],
  );
  if (stray.length > 0) throw unusable(path, stray);
  return parsed.data;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read`, 2, { cause: error });
  }
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(path, [jsonFault(text)]);
  }
}

function unusable(path: string, problems: readonly string[]): CommandError {
  return new CommandError(
    `${path}: the parameters are unusable:\n${problems.map((one) => `  ${one}`).join('\n')}`,
  );
}
