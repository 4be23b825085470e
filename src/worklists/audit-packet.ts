import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { MemberHistory } from '../engine/history.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { PackageEdition } from '../reference/fingerprints.ts';
import { findAnalysisBasis } from '../store/analysis-basis.ts';
import type { TenantTx } from '../store/database.ts';
import { loadHistories } from '../store/histories.ts';
import { externalIdsOf } from '../store/members.ts';
import { packetRows, sampleEnrollees } from '../store/packets.ts';
import { candidateRecords } from './candidate-records.ts';
import { sha256 } from './digest.ts';

/** One HCC of one member for one payment year. */
export interface PacketSubject {
  readonly memberKey: string;
  readonly hccs: readonly string[];
}

/** What a packet is about: a member and HCC named, or an enrollee sample drawn by a stated seed. */
export type PacketRequest =
  | { readonly type: 'subject'; readonly paymentYear: number; readonly subject: PacketSubject }
  | {
      readonly type: 'sample';
      readonly paymentYear: number;
      readonly seed: string;
      readonly size: number;
      readonly contracts: readonly string[] | null;
    };

export interface PacketFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface AuditPacket {
  readonly files: readonly PacketFile[];
  /** SHA-256 of manifest.json, which holds those of all other files. */
  readonly manifestSha256: string;
  readonly memberKeys: readonly string[];
  readonly subjects: number;
}

const MOST_HCCS = 100;
const CHUNK = 50;

function file(path: string, value: unknown): PacketFile {
  return { path, content: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

/**
 * Gathers an audit packet (compliance, section 5): for each HCC the gaps with their evidence, every decision, query
 * and submission, both reviews, the scores, the candidate records best first, and the editions of the tables they
 * were made with. The manifest names every file with its SHA-256. The same records give the same bytes.
 */
export async function gatherPacket(
  tx: TenantTx,
  reference: ReferenceData,
  request: PacketRequest,
  by: {
    readonly actor: string;
    readonly at: string;
    readonly serviceVersion: string;
    /** The mapping packages loaded, by id. */
    readonly packages: Readonly<Record<string, PackageEdition>>;
    /** HCCs that the caller may not see; left out and counted. */
    readonly isHidden: (hcc: string) => boolean;
  },
): Promise<AuditPacket> {
  const sample = request.type === 'sample' ? await sampleEnrollees(tx, request) : null;
  const asked: readonly PacketSubject[] =
    sample !== null ? sample.members : request.type === 'subject' ? [request.subject] : [];
  const files: PacketFile[] = [];
  const memberKeys: string[] = [];
  let subjects = 0;
  let hidden = 0;
  for (let from = 0; from < asked.length; from += CHUNK) {
    const chunk = asked.slice(from, from + CHUNK);
    const keys = chunk.map(({ memberKey }) => memberKey);
    const histories = new Map((await loadHistories(tx, keys)).map((one) => [one.memberId, one]));
    const ids = await externalIdsOf(tx, keys);
    for (const { memberKey, hccs } of chunk) {
      const memberId = ids.get(memberKey);
      if (memberId === undefined) continue;
      memberKeys.push(memberKey);
      files.push(file(`members/${memberKey}/member.json`, { memberKey, memberId }));
      for (const hcc of hccs.slice(0, MOST_HCCS)) {
        if (by.isHidden(hcc)) {
          hidden += 1;
          continue;
        }
        subjects += 1;
        const history = histories.get(memberKey) ?? null;
        files.push(...(await hccFiles(tx, reference, { memberKey, hcc, history, request, at: by.at })));
      }
    }
  }
  files.push(file('versions.json', await versions(tx, reference, by)));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const manifest = file('manifest.json', {
    createdAt: by.at,
    createdBy: by.actor,
    request,
    ...(sample === null
      ? {}
      : {
          sample: {
            population: sample.population,
            drawn: sample.members.length,
            method:
              'members with a captured HCC, ordered by SHA-256 of "<seed> <memberKey>", the lowest first',
            members: sample.members,
          },
        }),
    hccs: subjects,
    hiddenHccs: hidden,
    files: files.map(({ path, content }) => ({ path, bytes: content.byteLength, sha256: sha256(content) })),
  });
  return {
    files: [...files, manifest],
    manifestSha256: sha256(manifest.content),
    memberKeys,
    subjects,
  };
}

async function hccFiles(
  tx: TenantTx,
  reference: ReferenceData,
  about: {
    readonly memberKey: string;
    readonly hcc: string;
    readonly history: MemberHistory | null;
    readonly request: PacketRequest;
    readonly at: string;
  },
): Promise<readonly PacketFile[]> {
  const { memberKey, hcc, history } = about;
  const { paymentYear } = about.request;
  const rows = await packetRows(tx, { memberKey, hcc, paymentYear });
  const asOf = about.at.slice(0, 10);
  const records =
    history === null ? [] : candidateRecords(reference, history, { hcc, model: null, paymentYear, asOf });
  const cited = new Set([
    ...records.map(({ encounterId }) => encounterId),
    ...rows.evidence.map(({ encounter_id: id }) => String(id)),
    ...rows.submissions.map(({ encounter_id: id }) => String(id)),
  ]);
  const encounters = (history?.encounters ?? []).filter(({ encounterId }) => cited.has(encounterId));
  const conditions = (history?.conditions ?? []).filter(({ encounterId }) => cited.has(encounterId ?? ''));
  const folder = `members/${memberKey}/payment-year-${paymentYear}/hcc-${hcc}`;
  return [
    file(`${folder}/evidence.json`, { gaps: rows.gaps, evidence: rows.evidence }),
    file(`${folder}/records.json`, {
      best: records.slice(0, 2).map(({ encounterId }) => encounterId),
      records,
      encounters,
      conditions,
    }),
    file(`${folder}/decisions.json`, {
      events: rows.events,
      marks: rows.marks,
      secondReviews: rows.secondReviews,
      steps: rows.steps,
    }),
    file(`${folder}/queries.json`, { queries: rows.queries, reminders: rows.reminders }),
    file(`${folder}/submissions.json`, rows.submissions),
    file(`${folder}/scores.json`, rows.scores),
  ];
}

/**
 * Versions of the tables and rules: those that the tenant's analyses were last made with, or, where no worker has
 * noted any yet, those loaded now; `from` says which. A stored fingerprint that is not loaded any more has no edition.
 */
async function versions(
  tx: TenantTx,
  reference: ReferenceData,
  by: { readonly serviceVersion: string; readonly packages: Readonly<Record<string, PackageEdition>> },
) {
  const basis = await findAnalysisBasis(tx);
  const loaded = by.packages;
  const used =
    basis?.packages ?? Object.fromEntries(Object.entries(loaded).map(([id, { sha256 }]) => [id, sha256]));
  return {
    service: by.serviceVersion,
    models: [...reference.models.keys()].sort(),
    suspectRules: reference.suspecting.library,
    analyses: basis === undefined ? { from: 'loaded', asOf: null } : { from: 'stored', asOf: basis.asOf },
    packages: Object.entries(used)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, sha256]) => {
        const isLoaded = loaded[id]?.sha256 === sha256;
        return { id, edition: isLoaded ? (loaded[id]?.edition ?? null) : null, sha256, loaded: isLoaded };
      }),
  };
}

/** The packet as one zip archive; entries carry the time it was made. */
export function zipPacket(packet: AuditPacket, at: string): Readable {
  const zip = new ZipFile();
  const mtime = new Date(at);
  for (const { path, content } of packet.files) zip.addBuffer(content, path, { mtime, mode: 0o100600 });
  zip.end();
  // yazl's types say ReadableStream; it is Node's PassThrough.
  return zip.outputStream as Readable;
}
