import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

const CPT_YEARS = [2023, 2024, 2025, 2026];

/** Specialty codes that the risk adjustment data validation does not accept, with CMS's meaning of the code. */
const SPECIALTIES: readonly (readonly [string, string])[] = [
  ['45', 'mammography centre'],
  ['47', 'independent diagnostic testing facility'],
  ['51', 'medical supply company'],
  ['52', 'medical supply company'],
  ['53', 'medical supply company'],
  ['54', 'medical supply company'],
  ['55', 'individual supplier'],
  ['56', 'individual supplier'],
  ['57', 'individual supplier'],
  ['58', 'medical supply company'],
  ['59', 'ambulance supplier'],
  ['63', 'portable X-ray supplier'],
  ['69', 'clinical laboratory'],
  ['87', 'other supplier'],
];

/** Which records count for risk adjustment: procedure lists by year of service, bill types, specialties, rules. */
export function buildEligibility(source: string): PackageContent {
  const versions: Record<string, string[]> = {};
  const cptFiles = CPT_YEARS.map((year) => {
    const rows = readTable(source, `reference/eligible_cpt/${year}.csv`);
    versions[year] = [...new Set(rows.map((row) => row.list_version ?? ''))].sort();
    return {
      name: `cpt-${year}.csv`,
      content: `procedure\n${rows.map((row) => row.cpt_hcpcs ?? '').join('\n')}\n`,
    };
  });
  const billTypes = readTable(source, 'reference/bill_types.csv');
  return {
    id: 'eligibility',
    kind: 'eligibility',
    title: 'Records that count for Medicare Advantage risk adjustment',
    version: '2026-11-23',
    paymentYears: CPT_YEARS.map((year) => year + 1),
    sources: [
      'CMS, Encounter Data Diagnosis Filtering Logic, memo of 22 December 2015; type of bill 87X added 16 July 2021',
      'CMS, CPT/HCPCS Filtering Included List, calendar years of service 2023 to 2026 (code values only)',
      'CMS, 2027 Rate Announcement: audio-only services and unlinked chart reviews from services of 2026',
      'CMS provider specialty codes (PRVDR_SPCLTY)',
    ],
    provenance: [
      { scope: 'cpt 2023-2025', mark: 'one public copy of the CMS list' },
      {
        scope: 'PACE payment year 2027',
        mark: 'exemption from the unlinked chart review rule: one reading, unverified',
      },
      { scope: 'specialties', mark: "CMS's acceptable specialty list of the year was not read" },
    ],
    properties: { cptListVersions: versions },
    files: [
      ...cptFiles,
      {
        name: 'bill-types.tsv',
        content: toTsv(
          ['bill_type', 'eligible', 'needs_procedure'],
          billTypes
            .filter((row) => row.risk_adjustment_eligible === 'Y')
            .map((row) => [
              (row.type_of_bill ?? '').slice(0, 2),
              row.risk_adjustment_eligible ?? '',
              row.needs_eligible_cpt_hcpcs ?? '',
            ]),
        ),
      },
      { name: 'specialties-not-accepted.tsv', content: toTsv(['specialty', 'meaning'], SPECIALTIES) },
      {
        name: 'rules.json',
        content: `${JSON.stringify(
          {
            audioOnlyModifiers: ['93', 'FQ'],
            audioOnlyExcludedFromPaymentYear: 2027,
            unlinkedChartReviewExcludedFromPaymentYear: 2027,
            unlinkedChartReviewPaceExemptPaymentYears: [2027],
            labOrImaging: { from: 70010, to: 89999 },
            dmeOrAmbulancePrefixes: ['A0', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9', 'B', 'E', 'K', 'L'],
            telehealthPlaces: ['02', '10'],
            telehealthModifiers: ['95', 'GT'],
          },
          null,
          2,
        )}\n`,
      },
    ],
  };
}

/** Submission runs by payment year, with the status of each date. */
export function buildCalendar(source: string): PackageContent {
  const rows = readTable(source, 'domain/calendar.csv');
  return {
    id: 'calendar',
    kind: 'calendar',
    title: 'Risk adjustment submission calendar',
    version: '2026-11-23',
    paymentYears: [...new Set(rows.map((row) => Number(row.payment_year)))],
    sources: [
      '42 CFR 422.310(g)',
      'CMS deadline memos as relayed by public summaries (29 April 2026 and earlier)',
    ],
    provenance: rows
      .filter((row) => row.status !== 'relayed')
      .map((row) => ({ scope: `${row.payment_year} ${row.run}`, mark: row.status ?? '' })),
    files: [
      { name: 'calendar.csv', content: readFileSync(path.join(source, 'domain/calendar.csv'), 'utf8') },
    ],
  };
}
