import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import type { IntakeFinding } from '../store/records.ts';
import type { IntakeInput, IntakeLimits } from './parser.ts';
import { entryStream, openZip, zipEntries } from './zip.ts';

/** Unpacked bytes below which no ratio is suspicious: an extract of blanks compresses well. */
const RATIO_FREE_BYTES = 64 * 1024 * 1024;
const LF = 10;
/** The entry by which a zip is an Office document: a workbook, mostly. */
const OFFICE = '[Content_Types].xml';

/** A file as it lies in the batch, with the kind of archive that its first bytes announce. */
export type Packing = 'zip' | 'gzip' | 'none';

/** Tells archives by their magic bytes, never by name. */
export function packingOf(start: Uint8Array): Packing {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start[0] === 0x50 && start[1] === 0x4b && (start[2] === 3 || start[2] === 5)) return 'zip';
  return 'none';
}

/** First bytes of an input, at most `length`. */
export async function startOf(input: IntakeInput, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of input.open()) {
    parts.push(chunk.slice());
    total += chunk.length;
    if (total >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/**
 * Unpacks archives into plain inputs, lazily: an entry is inflated as it is read. Sizes, ratio, number of entries and
 * nesting are limited, so a small archive cannot unfold into an unbounded one. What cannot be unpacked becomes a
 * finding. `close` releases files and removes temporary copies.
 */
export class Unpacker {
  readonly findings: IntakeFinding[] = [];
  readonly #limits: IntakeLimits;
  readonly #zips: ZipFile[] = [];
  #folder: string | null = null;
  #staged = 0;
  #entries = 0;
  #declaredBytes = 0;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  async unpack(inputs: readonly IntakeInput[]): Promise<IntakeInput[]> {
    const plain: IntakeInput[] = [];
    for (const input of inputs) plain.push(...(await this.#unpackOne(input, 0)));
    return distinctNames(plain);
  }

  async close(): Promise<void> {
    for (const zip of this.#zips) zip.close();
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  async #unpackOne(input: IntakeInput, depth: number): Promise<IntakeInput[]> {
    const packing = packingOf(await startOf(input, 4));
    if (packing === 'none') return [input];
    if (depth >= this.#limits.archiveDepth) {
      this.#refuse(input.file, 'archive_too_deep', `archives within archives are read ${depth} deep`);
      return [];
    }
    if (packing === 'gzip') return this.#unpackOne(this.#gunzipped(input), depth + 1);
    const inner: IntakeInput[] = [];
    for (const entry of await this.#zipEntries(input))
      inner.push(...(await this.#unpackOne(entry, depth + 1)));
    return inner;
  }

  #gunzipped(input: IntakeInput): IntakeInput {
    const limits = this.#limits;
    const broken = (message: string): void => this.#refuse(input.file, 'archive_broken', message);
    return {
      file: input.file.replace(/\.gz$/i, ''),
      open: () =>
        untilBroken(async function* () {
          let packed = 0;
          let unpacked = 0;
          const counted = async function* () {
            for await (const chunk of input.open()) {
              packed += chunk.length;
              yield chunk;
            }
          };
          const gunzip = createGunzip();
          const feeding = pipeline(counted, gunzip).catch((cause: unknown) => gunzip.destroy(asError(cause)));
          for await (const chunk of gunzip) {
            // A gunzip stream without an encoding yields buffers.
            const bytes = chunk as Uint8Array;
            unpacked += bytes.length;
            if (unpacked > RATIO_FREE_BYTES && unpacked > packed * limits.archiveRatio) {
              throw new Error(`it unfolds to more than ${limits.archiveRatio} times its size`);
            }
            if (unpacked > limits.archiveBytes) throw new Error('it unfolds beyond the limit of a batch');
            yield bytes;
          }
          await feeding;
        }, broken),
    };
  }

  async #zipEntries(input: IntakeInput): Promise<IntakeInput[]> {
    const entries: IntakeInput[] = [];
    try {
      const zip = await openZip(await this.#pathOf(input));
      this.#zips.push(zip);
      for await (const entry of zipEntries(zip)) {
        this.#entries += 1;
        if (this.#entries > this.#limits.archiveEntries) {
          throw new Error(`the batch holds more than ${this.#limits.archiveEntries} files`);
        }
        if (entry.fileName === OFFICE) {
          this.#refuse(
            input.file,
            'format_unknown',
            'the file is an Office document; export its tables as CSV',
          );
          return [];
        }
        const skipped = /(?:^|\/)(?:__MACOSX\/|\.)/.test(entry.fileName);
        if (entry.fileName.endsWith('/') || skipped) continue;
        if (this.#accepts(input, entry)) entries.push(this.#entryInput(input, zip, entry));
      }
    } catch (cause) {
      this.#refuse(input.file, 'archive_broken', `the archive cannot be read: ${asError(cause).message}`);
    }
    return entries;
  }

  /** Judged by the sizes of the directory; the reader holds each entry to its declared size. */
  #accepts(input: IntakeInput, entry: Entry): boolean {
    const file = entryName(input, entry);
    const { uncompressedSize: size, compressedSize: packed } = entry;
    this.#declaredBytes += size;
    if (this.#declaredBytes > this.#limits.archiveBytes) {
      this.#refuse(file, 'archive_too_large', 'the archives of the batch unfold beyond its limit');
      return false;
    }
    if (size > RATIO_FREE_BYTES && size > packed * this.#limits.archiveRatio) {
      const message = `it unfolds to more than ${this.#limits.archiveRatio} times its size`;
      this.#refuse(file, 'archive_ratio', message);
      return false;
    }
    return true;
  }

  #entryInput(input: IntakeInput, zip: ZipFile, entry: Entry): IntakeInput {
    const file = entryName(input, entry);
    return {
      file,
      open: () =>
        untilBroken(
          async function* () {
            for await (const chunk of await entryStream(zip, entry)) yield chunk as Uint8Array;
          },
          (message) => this.#refuse(file, 'archive_broken', message),
        ),
    };
  }

  /** The archive as a file: its directory lies at its end, so a stream alone cannot be read. */
  async #pathOf(input: IntakeInput): Promise<string> {
    if (input.localPath !== undefined) return input.localPath;
    this.#folder ??= await mkdtemp(path.join(tmpdir(), 'hccgap-'));
    this.#staged += 1;
    const target = path.join(this.#folder, String(this.#staged));
    let bytes = 0;
    const limit = this.#limits.archiveBytes;
    await pipeline(
      async function* () {
        for await (const chunk of input.open()) {
          bytes += chunk.length;
          if (bytes > limit) throw new Error('it is larger than the limit of a batch');
          yield chunk;
        }
      },
      createWriteStream(target, { mode: 0o600 }),
    );
    return target;
  }

  #refuse(file: string, code: string, message: string): void {
    if (this.findings.some((found) => found.file === file && found.code === code)) return;
    this.findings.push({
      file,
      row: null,
      field: null,
      code,
      severity: 'error',
      message,
      value: null,
      raw: null,
    });
  }
}

function entryName(archive: IntakeInput, entry: Entry): string {
  return `${archive.file}/${entry.fileName}`;
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

/**
 * Bytes of a stream that may break. At a break the last line, which may be half, is held back: half a row could be
 * read as a whole one.
 */
async function* untilBroken(
  open: () => AsyncIterable<Uint8Array>,
  broken: (message: string) => void,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  try {
    for await (const chunk of open()) {
      const end = chunk.lastIndexOf(LF);
      if (end < 0) {
        held.push(chunk.slice());
        // Text without lines (X12 in one segment stream) is not held back for ever.
        if (held.length > 64) yield* held.splice(0, held.length - 1);
        continue;
      }
      yield* held;
      yield chunk.subarray(0, end + 1);
      held = end + 1 < chunk.length ? [chunk.slice(end + 1)] : [];
    }
    yield* held;
  } catch (cause) {
    broken(`the archive is broken: ${asError(cause).message}`);
  }
}

/** Two archives may hold files of one name; findings tell them apart. */
function distinctNames(inputs: readonly IntakeInput[]): IntakeInput[] {
  const seen = new Map<string, number>();
  return inputs.map((input) => {
    const times = (seen.get(input.file) ?? 0) + 1;
    seen.set(input.file, times);
    return times === 1 ? input : { ...input, file: `${input.file} (${times})` };
  });
}

/** A file on disk as an input. */
export function fileInput(file: string, localPath: string): IntakeInput {
  return {
    file,
    localPath,
    async *open() {
      // A file stream without an encoding yields buffers.
      for await (const chunk of createReadStream(localPath)) yield chunk as Uint8Array;
    },
  };
}
