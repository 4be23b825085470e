import type { ImportProblem, ReadRows } from './problem.ts';
import type { CodeHcc } from './sas-text.ts';
import { findHeader, type Sheet } from './workbook.ts';

export interface MappingsWorkbookOptions {
  /** `cms-hcc-v28`: which model's columns to read. */
  readonly modelId: string;
  readonly paymentYear: number;
}

/**
 * CMS's yearly "ICD-10 Mappings" spreadsheet: a code, its description, one category column a model, and one
 * Yes/No column a model "for YYYY Payment Year". A row counts when the model's category is filled and the year's
 * flag, where there is one, is Yes. Footnotes below the table have no code and are passed over.
 */
export function readMappingsWorkbook(
  file: string,
  sheets: readonly Sheet[],
  options: MappingsWorkbookOptions,
): ReadRows<CodeHcc> {
  const model = modelTitle(options.modelId);
  for (const sheet of sheets) {
    const header = findHeader(sheet.rows, [/diagnosis\s*code/i, model]);
    if (!header) continue;
    return readSheet({ file, sheet, model, header: header.index, code: header.columns[0] ?? 0, options });
  }
  return {
    rows: [],
    problems: [
      {
        file,
        line: null,
        code: 'no_header',
        message: `no sheet with a "Diagnosis Code" column and a category column of ${options.modelId}`,
      },
    ],
  };
}

/** Category column of a model: `CMS-HCC Model Category V28`, `CMS-HCC ESRD Model Category V24`, `RxHCC Model Category V08`. */
function modelTitle(modelId: string): RegExp {
  const version = (/v0*(\d+)$/i.exec(modelId)?.[1] ?? '').padStart(1, '0');
  const family = modelId.startsWith('rxhcc')
    ? 'RxHCC'
    : modelId.startsWith('esrd')
      ? '(?:CMS-HCC\\s+)?ESRD(?:\\s+CMS-HCC)?'
      : '(?:^|[^D]\\s)CMS-HCC';
  return new RegExp(`${family}\\s+(?:Risk Adjustment\\s+)?Model\\s+Category\\s+V0*${version}\\b`, 'i');
}

interface SheetRead {
  readonly file: string;
  readonly sheet: Sheet;
  readonly model: RegExp;
  readonly header: number;
  readonly code: number;
  readonly options: MappingsWorkbookOptions;
}

function readSheet({ file, sheet, model, header, code, options }: SheetRead): ReadRows<CodeHcc> {
  const titles = sheet.rows[header] ?? [];
  const forYear = /for\s+(\d{4})\s+payment\s+year/i;
  const ofModel = titles.flatMap((title, index) => (model.test(title) ? [{ title, index }] : []));
  const categories = ofModel.filter(({ title }) => !forYear.test(title)).map(({ index }) => index);
  const flag = ofModel.find(({ title }) => forYear.exec(title)?.[1] === String(options.paymentYear))?.index;
  const problems: ImportProblem[] = [];
  if (flag === undefined && ofModel.some(({ title }) => forYear.test(title))) {
    problems.push({
      file,
      line: header + 1,
      code: 'no_header',
      message: `no column "${options.modelId} for ${options.paymentYear} Payment Year"`,
    });
  }
  const rows: CodeHcc[] = [];
  sheet.rows.slice(header + 1).forEach((cells, offset) => {
    const plain = (cells[code] ?? '').replace('.', '').toUpperCase();
    if (!/^[A-Z][0-9A-Z]{2,6}$/.test(plain)) return;
    if (flag !== undefined && !/^yes/i.test(cells[flag] ?? '')) return;
    for (const cell of categories.map((column) => cells[column] ?? '')) {
      for (const hcc of cell.split(/[\s,;/]+/).filter((part) => part !== '')) {
        const number = /^(\d{1,3})(?:\.0)?$/.exec(hcc)?.[1];
        if (number !== undefined) rows.push({ code: plain, hcc: String(Number(number)) });
        else {
          const message = `${plain}: category ${hcc} is not a number`;
          problems.push({ file, line: header + offset + 2, code: 'bad_row', message });
        }
      }
    }
  });
  return { rows, problems };
}
