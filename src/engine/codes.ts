import type { IsoDate } from './dates.ts';

/** One unbroken stretch of a code with the same title and billability. */
export interface CodeRow {
  readonly code: string;
  readonly billable: boolean;
  readonly from: IsoDate;
  /** null: still valid. */
  readonly to: IsoDate | null;
  readonly description: string;
}

/** The ICD-10-CM code set of all years held: validity by date of service. All codes undotted, upper-case. */
export interface CodeTable {
  /** Stretches of a code, oldest first; empty for an unknown code. */
  rows(code: string): readonly CodeRow[];
  /** Before the oldest code set held, what that set allows: a row that begins with it may be older. */
  billableOn(code: string, date: IsoDate): boolean;
  /** Billable on at least one day of the calendar year. */
  billableInYear(code: string, year: number): boolean;
  /** Fiscal year of the first billable stretch (2022 means 2022 or earlier); null when never billable. */
  firstFiscalYear(code: string): number | null;
  /** Newest official long description; null for an unknown code. */
  description(code: string): string | null;
  /** Codes below a category or subcategory that are billable on some day of the year, in code order. */
  billableBelow(prefix: string, year: number): readonly string[];
}

/** The fiscal year of a date: FY2027 runs from 2026-10-01. */
export function fiscalYearOf(date: IsoDate): number {
  const year = Number(date.slice(0, 4));
  return date.slice(5) >= '10-01' ? year + 1 : year;
}

/** First day of the oldest code set held; a row that begins then may be older. */
export const OLDEST_CODE_DATE: IsoDate = '2021-10-01';

/** Builds the table from rows sorted by code, then by `from`. */
export function codeTable(rows: readonly CodeRow[]): CodeTable {
  const first = new Map<string, number>();
  const codes: string[] = [];
  for (let index = 0; index < rows.length; index++) {
    const code = rows[index]?.code ?? '';
    if (first.has(code)) continue;
    first.set(code, index);
    codes.push(code);
  }
  const rowsOf = (code: string): CodeRow[] => {
    const found: CodeRow[] = [];
    const start = first.get(code);
    if (start === undefined) return found;
    for (let index = start; rows[index]?.code === code; index++) {
      const row = rows[index];
      if (row) found.push(row);
    }
    return found;
  };
  const years = new Map<number, ReadonlySet<string>>();
  const billableInYear = (code: string, year: number): boolean => {
    let billable = years.get(year);
    if (billable === undefined) {
      billable = billableCodes(rows, year);
      years.set(year, billable);
    }
    return billable.has(code);
  };
  return {
    rows: rowsOf,
    billableInYear,
    billableOn: (code, date) => {
      const start = first.get(code);
      if (start === undefined) return false;
      const day = date < OLDEST_CODE_DATE ? OLDEST_CODE_DATE : date;
      for (let index = start; rows[index]?.code === code; index++) {
        const row = rows[index];
        if (row?.billable && row.from <= day && (row.to === null || day <= row.to)) return true;
      }
      return false;
    },
    firstFiscalYear: (code) => {
      const row = rowsOf(code).find(({ billable }) => billable);
      return row ? fiscalYearOf(row.from) : null;
    },
    description: (code) => rowsOf(code).at(-1)?.description ?? null,
    billableBelow: (prefix, year) => {
      const found: string[] = [];
      for (let index = lowerBound(codes, prefix); index < codes.length; index++) {
        const code = codes[index] ?? '';
        if (!code.startsWith(prefix)) break;
        if (code !== prefix && billableInYear(code, year)) found.push(code);
      }
      return found;
    },
  };
}

function billableCodes(rows: readonly CodeRow[], year: number): ReadonlySet<string> {
  const first = `${year}-01-01`;
  const last = `${year}-12-31`;
  const codes = new Set<string>();
  for (const row of rows) {
    if (row.billable && row.from <= last && (row.to === null || row.to >= first)) codes.add(row.code);
  }
  return codes;
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
