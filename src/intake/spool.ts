import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { IntakeInput } from './parser.ts';

/** A file on its way in: the name the sender gave and its bytes, read once. */
export interface IncomingFile {
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface SpooledFile {
  /** As shown in findings: the sender's name without folders. */
  readonly name: string;
  /** Below the spool folder; a number, because the sender's name may name a person. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Spooled {
  readonly files: readonly SpooledFile[];
  readonly bytes: number;
  /** Of the contents, whatever the order and names of the files: the same extract gives the same value. */
  readonly sha256: string;
}

/** What a batch row keeps of its spool: names and places, no content. `folder` is below the spool root. */
export interface BatchSpool {
  readonly folder: string;
  readonly files: readonly SpooledFile[];
}

/** The extract is larger than the limit; what was written of it has been removed. */
export class SpoolLimitError extends Error {
  override readonly name = 'SpoolLimitError';
}

const NAME_LENGTH = 200;

/** The sender's file name as it may be shown: no folders, no control characters, never empty. */
export function shownName(name: string, index: number): string {
  const base = name.split(/[\\/]/).at(-1) ?? '';
  const plain = [...base].filter((letter) => letter >= ' ' && letter !== '\u007f').join('');
  return plain.slice(0, NAME_LENGTH).trim() || `file-${index + 1}`;
}

/**
 * Streams files to `folder` and hashes them on the way; memory does not grow with their size. The folder appears
 * under its final name only when every file is whole, so a broken upload leaves nothing behind.
 */
export async function spoolFiles(
  folder: string,
  files: AsyncIterable<IncomingFile>,
  limitBytes: number,
): Promise<Spooled> {
  const partial = `${folder}.partial`;
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const spooled: SpooledFile[] = [];
    let total = 0;
    for await (const file of files) {
      const index = spooled.length;
      const place = String(index + 1).padStart(4, '0');
      const hash = createHash('sha256');
      let bytes = 0;
      const measured = async function* (content: AsyncIterable<Uint8Array>) {
        for await (const chunk of content) {
          bytes += chunk.length;
          total += chunk.length;
          if (total > limitBytes) throw new SpoolLimitError(`the extract is larger than ${limitBytes} bytes`);
          hash.update(chunk);
          yield chunk;
        }
      };
      await pipeline(
        measured(file.content),
        createWriteStream(path.join(partial, place), { mode: 0o600, flags: 'wx' }),
      );
      spooled.push({ name: shownName(file.name, index), path: place, bytes, sha256: hash.digest('hex') });
    }
    await rename(partial, folder);
    return { files: spooled, bytes: total, sha256: contentHash(spooled) };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

function contentHash(files: readonly SpooledFile[]): string {
  const [first, ...rest] = files.map(({ sha256 }) => sha256).sort();
  if (first !== undefined && rest.length === 0) return first;
  return createHash('sha256')
    .update([first ?? '', ...rest].join('\n'))
    .digest('hex');
}

/**
 * The files of a spooled extract as parser inputs, with the sender's names. `onBytes` hears of bytes read for the
 * first time; a file may be opened more than once.
 */
export function spooledInputs(
  root: string,
  spool: BatchSpool,
  onBytes: (bytes: number) => void,
): readonly IntakeInput[] {
  return spool.files.map((file) => {
    let counted = 0;
    return {
      file: file.name,
      localPath: path.join(root, spool.folder, file.path),
      async *open() {
        let position = 0;
        for await (const chunk of createReadStream(path.join(root, spool.folder, file.path))) {
          // A file stream without an encoding yields buffers.
          const bytes = chunk as Uint8Array;
          position += bytes.length;
          if (position > counted) {
            onBytes(position - counted);
            counted = position;
          }
          yield bytes;
        }
      },
    };
  });
}
