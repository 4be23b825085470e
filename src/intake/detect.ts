import { detectTable } from './csv/header.ts';
import { CellReader, detectDelimiter } from './csv/rows.ts';
import type { IntakeFormat } from './parser.ts';

/** Bytes of the start of a file that detection reads. */
export const DETECTION_BYTES = 65_536;

/** What text has none of: control characters but tabulators, and bytes outside UTF-8. */
const BINARY = /(?!\t)\p{Cc}|\ufffd/u;

export type Detection =
  | { readonly ok: true; readonly format: IntakeFormat }
  | { readonly ok: false; readonly code: 'format_unknown' | 'bad_encoding'; readonly message: string };

/**
 * The format of a file by its first bytes, never by its extension: X12 begins with an ISA (or, cut off, GS or ST)
 * segment; a JSON text is FHIR when it names a resource type or is a bulk export manifest, else member histories;
 * flat files are known by their header row. `isCmsReturn` tells CMS's fixed-width returns by their records.
 */
export function detectFormat(
  start: Uint8Array,
  file: string,
  isCmsReturn: (text: string) => boolean,
): Detection {
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
    return { ok: false, code: 'bad_encoding', message: 'the file is UTF-16; send it as UTF-8' };
  }
  const foreign = foreignKind(start);
  if (foreign !== null) return unknown(foreign);
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  // The flat-file reader says that there is no header row.
  if (text === '') return known('csv');
  if (/^(?:ISA|GS|ST)[^A-Za-z0-9\s]/.test(text)) return known('x12');
  if (text.startsWith('{') || text.startsWith('[')) return known(jsonFormat(text));
  if (text.startsWith('<')) return unknown('XML is not read; send FHIR as JSON');
  if (isCmsReturn(text)) return known('cms-return');
  const [line = ''] = text.split(/\r?\n/, 1);
  if (/ISA[^A-Za-z0-9\s]/.test(line.slice(0, 200))) return known('x12');
  const delimiter = detectDelimiter(line);
  if (line.includes(delimiter)) {
    const cells = new CellReader(delimiter);
    if (cells.read(line) === 'complete' && detectTable(cells.cells, file) !== null) return known('csv');
  }
  // Text with no header of ours: the flat-file reader says which columns it knows.
  if (line.includes(delimiter) && !BINARY.test(line)) return known('csv');
  return unknown('the content is none of: member histories, FHIR, X12, flat files, CMS returns');
}

/** Where tar says that it is tar, in the header of its first file. */
const TAR_AT = 257;
const UNPACK = 'send its files as they are, or in a zip or gzip';
/** Kinds of files that are often sent by mistake, by their first bytes. */
const FOREIGN: readonly (readonly [magic: string, words: string])[] = [
  ['7z\xbc\xaf\x27\x1c', `the file is a 7-Zip archive, which is not unpacked; ${UNPACK}`],
  ['Rar!', `the file is a RAR archive, which is not unpacked; ${UNPACK}`],
  ['BZh', `the file is packed with bzip2, which is not unpacked; ${UNPACK}`],
  ['\xfd7zXZ', `the file is packed with xz, which is not unpacked; ${UNPACK}`],
  ['\x28\xb5\x2f\xfd', `the file is packed with Zstandard, which is not unpacked; ${UNPACK}`],
  ['PAR1', 'the file is Parquet, which is not read; export it as CSV'],
  ['\xd0\xcf\x11\xe0', 'the file is an old Office document, which is not read; export its table as CSV'],
  ['%PDF', 'the file is a PDF, which is not read'],
];

function foreignKind(start: Uint8Array): string | null {
  const head = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, TAR_AT + 8)).toString(
    'latin1',
  );
  if (head.slice(TAR_AT, TAR_AT + 5) === 'ustar') {
    return `the file is a tar archive, which is not unpacked; ${UNPACK}`;
  }
  return FOREIGN.find(([magic]) => head.startsWith(magic))?.[1] ?? null;
}

function jsonFormat(text: string): IntakeFormat {
  const resource = text.search(/"resourceType"\s*:/);
  const member = text.search(/"memberId"\s*:/);
  if (resource >= 0 && (member < 0 || resource < member)) return 'fhir';
  return /"transactionTime"\s*:/.test(text) && /"output"\s*:/.test(text) ? 'fhir' : 'json-history';
}

function known(format: IntakeFormat): Detection {
  return { ok: true, format };
}

function unknown(message: string): Detection {
  return { ok: false, code: 'format_unknown', message };
}
