import { Readable } from 'node:stream';
import yazl from 'yazl';
import type { StoredFinding } from '../store/batches.ts';
import type { FileReport } from '../store/records.ts';

/** Findings of a batch in their order, a page after another. */
export type FindingPages = (afterSeq: number) => Promise<readonly StoredFinding[]>;

/** A download of rejected records: its bytes, and what they are. */
export interface SentDownload {
  readonly contentType: string;
  readonly fileName: string;
  readonly body: Readable;
}

/**
 * Rejected records in the shape in which they were sent, so that they can be mended and sent again: one file for each
 * file that has any, the header row of a flat file first. Several files come as a ZIP. What was changed in it is up to
 * the sender: the file is a new batch.
 */
export function rejectedAsSent(
  reports: readonly FileReport[],
  withRejects: readonly string[],
  pages: FindingPages,
): SentDownload {
  const [only, ...more] = withRejects;
  if (only !== undefined && more.length === 0) {
    return {
      contentType: 'text/plain; charset=utf-8',
      fileName: 'rejected.txt',
      body: Readable.from(linesOf(only, reports, pages)),
    };
  }
  const zip = new yazl.ZipFile();
  for (const [index, file] of withRejects.entries()) {
    // Names of senders may repeat after folders were taken off.
    const name = `${String(index + 1).padStart(2, '0')}-${file.replace(/[\\/:]/g, '_')}`;
    zip.addReadStream(Readable.from(linesOf(file, reports, pages)), name);
  }
  zip.end();
  // The stream of the library is a Node stream by another type.
  return {
    contentType: 'application/zip',
    fileName: 'rejected.zip',
    body: new Readable().wrap(zip.outputStream),
  };
}

async function* linesOf(
  file: string,
  reports: readonly FileReport[],
  pages: FindingPages,
): AsyncGenerator<string> {
  const heading = reports.find((report) => report.file === file && report.heading)?.heading;
  if (heading !== null && heading !== undefined) yield ended(heading);
  let afterSeq = -1;
  let lastRow: number | null = null;
  for (;;) {
    const findings = await pages(afterSeq);
    if (findings.length === 0) return;
    let text = '';
    for (const { file: of, row, raw } of findings) {
      // A record with several faults has several findings.
      if (of !== file || raw === null || (row !== null && row === lastRow)) continue;
      lastRow = row;
      text += ended(raw);
    }
    if (text !== '') yield text;
    afterSeq = findings.at(-1)?.seq ?? afterSeq;
  }
}

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
