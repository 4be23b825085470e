import { EDITION } from './models.ts';
import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

const GROUPS: Readonly<Record<string, string>> = {
  'aged/disabled': 'aged_disabled',
  'dialysis and transplant': 'dialysis_transplant',
  'functioning graft': 'graft',
  all: 'all',
};

/** The package of payment parameters: blend weight, normalization and coding adjustment by year, program and model. */
export function buildPayment(source: string): PackageContent {
  const rows = readTable(source, 'reference/payment_parameters.csv');
  const years = [...new Set(rows.map((row) => Number(row.payment_year)))].sort();
  return {
    id: 'payment',
    kind: 'payment',
    title: 'Payment parameters: normalization, coding pattern adjustment, blend weights',
    version: EDITION,
    paymentYears: years,
    sources: [...new Set(rows.flatMap((row) => (row.sources ?? '').split('; ')))].filter(
      (text) => text !== '',
    ),
    provenance: [{ scope: 'all', mark: 'secondary sources; no figure was read in the CMS announcements' }],
    files: [
      {
        name: 'parameters.tsv',
        content: toTsv(
          [
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
          ],
          rows.map((row) => parameterRow(row)),
        ),
      },
    ],
  };
}

function parameterRow(row: Record<string, string>): string[] {
  const program = row.program ?? '';
  const [, model = '', set = ''] = /^(\S+)(?: \(set (\w+)\))?$/.exec(row.model ?? '') ?? [];
  const group = GROUPS[row.segment_group ?? ''];
  if (model === '' || group === undefined)
    throw new Error(`payment parameters: unreadable row ${JSON.stringify(row)}`);
  return [
    row.payment_year ?? '',
    program.includes('PACE') ? 'pace' : 'ma',
    partD(program),
    model,
    set,
    group,
    row.blend_weight ?? '',
    row.normalization_factor ?? '',
    row.coding_pattern_adjustment ?? '',
    row.status ?? '',
  ];
}

function partD(program: string): string {
  if (!program.startsWith('Part D')) return '';
  const plans = [
    ['MA-PD', 'mapd'],
    ['PDP', 'pdp'],
    ['PACE', 'pace'],
  ].filter(([word = '']) => program.includes(word));
  return plans.map(([, plan]) => plan).join('|');
}
