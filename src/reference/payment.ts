import type { PartD } from '../engine/history.ts';
import type { PaymentGroup, PaymentParameters, PaymentRow } from '../engine/payment.ts';
import type { ModelId } from '../engine/score-contract.ts';
import { parseThousandths, type Thousandths } from '../engine/thousandths.ts';
import { openPackage, PackageError } from './package.ts';
import { listCell, tsvRows } from './rows.ts';

const COLUMNS = [
  'payment_year',
  'program',
  'part_d',
  'model',
  'set',
  'group',
  'weight',
  'normalization',
  'coding',
  'status',
];

/** Reads the payment parameters; an empty cell stays unknown (null) and is never defaulted. */
export function loadPayment(root: string): PaymentParameters {
  const mapping = openPackage(root, 'payment');
  const rows = tsvRows(mapping, 'parameters.tsv', COLUMNS).map((cells): PaymentRow => {
    const [year, program, partD = '', model, set, group, weight, normalization, coding, status = ''] = cells;
    if (program !== 'ma' && program !== 'pace') {
      throw new PackageError(`package payment: parameters.tsv: unknown program ${program}`);
    }
    return {
      paymentYear: Number(year),
      program,
      partD: listCell(partD) as PartD[],
      model: model as ModelId,
      set: set || null,
      group: group as PaymentGroup,
      weight: factor(weight),
      normalization: factor(normalization),
      coding: factor(coding),
      status,
    };
  });
  return { rows };
}

function factor(cell: string | undefined): Thousandths | null {
  return cell ? parseThousandths(cell) : null;
}
