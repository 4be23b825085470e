import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type Entry, open, type ZipFile } from 'yauzl';

/** Opens the directory of a zip archive; entries are read one at a time and the file stays open until closed. */
export function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { autoClose: false, lazyEntries: true }, (error, zip) => {
      if (error) reject(error);
      else resolve(zip);
    });
  });
}

/** The entries in the order of the directory. Throws when the directory is broken. */
export async function* zipEntries(zip: ZipFile): AsyncGenerator<Entry> {
  for (let read = 0; read < zip.entryCount; read += 1) {
    const next = once(zip, 'entry');
    zip.readEntry();
    const [entry] = await next;
    // The event carries one argument, the entry.
    yield entry as Entry;
  }
}

/** Inflated bytes of an entry; the stream fails when they are more or fewer than the directory says. */
export function entryStream(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}
