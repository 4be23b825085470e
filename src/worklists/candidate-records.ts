import type { IsoDate } from '../engine/dates.ts';
import { mapCode } from '../engine/diagnoses.ts';
import { judgeEncounters } from '../engine/eligibility.ts';
import type { MemberHistory } from '../engine/history.ts';
import { dotted, undotted } from '../engine/icd10.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';

/** A record that could prove an HCC in an audit, with what speaks for it. */
export interface CandidateRecord {
  readonly rank: number;
  readonly encounterId: string;
  readonly icn: string | null;
  readonly from: IsoDate;
  readonly to: IsoDate;
  readonly setting: string;
  readonly source: string;
  readonly providerNpi: string | null;
  readonly specialty: string | null;
  readonly codes: readonly string[];
  readonly eligible: boolean;
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  /** Checks of a RADV record (compliance, section 3); null: not known from what is stored. */
  readonly checks: {
    readonly serviceYear: boolean;
    readonly acceptableSetting: boolean;
    readonly acceptableSpecialty: boolean | null;
    readonly signed: boolean | null;
    readonly assessed: boolean | null;
  };
}

/**
 * The encounters of a service year that carry an HCC, best first: eligible, signed, assessed in a note, with few
 * flags, latest. RADV takes at most two records for an HCC; one valid record is enough.
 */
export function candidateRecords(
  reference: ReferenceData,
  history: MemberHistory,
  about: {
    readonly hcc: string;
    readonly model: string | null;
    readonly paymentYear: number;
    readonly asOf: IsoDate;
  },
): readonly CandidateRecord[] {
  const { hcc, model, paymentYear, asOf } = about;
  const dosYear = paymentYear - 1;
  const years = [...reference.models.values()].flatMap((one) => {
    const year = one.years.get(paymentYear);
    return year !== undefined && (model === null ? one.id.startsWith('cms-hcc') : one.id === model)
      ? [year]
      : [];
  });
  const carries = (code: string) => years.some((year) => mapCode(year, undotted(code)).includes(hcc));
  const judged = judgeEncounters(reference.eligibility, resolveVersions(history.encounters, asOf), {
    dosYear,
    lookbackYears: 1,
    asOf,
    coverage: history.coverage,
  });
  const found = judged.flatMap(({ encounter, verdict, withdrawn, dosYear: year }) => {
    const codes = [...new Set(encounter.diagnoses.map(({ code }) => code).filter(carries))].sort();
    const notes = history.conditions.filter(
      (condition) => condition.encounterId === encounter.encounterId && carries(condition.code),
    );
    if (year !== dosYear || withdrawn || (codes.length === 0 && notes.length === 0)) return [];
    const meat = notes.map((note) => note.meat).filter((elements) => elements !== null);
    const signed = encounter.signed ?? (notes.some((note) => note.signed === true) ? true : null);
    return [
      {
        encounterId: encounter.encounterId,
        icn: encounter.icn,
        from: encounter.from,
        to: encounter.to,
        setting: encounter.setting,
        source: encounter.source,
        providerNpi: encounter.provider?.npi ?? null,
        specialty: encounter.provider?.specialty ?? null,
        codes: [...new Set([...codes, ...notes.map((note) => undotted(note.code))])].sort().map(dotted),
        eligible: verdict.eligible,
        reasons: verdict.reasons,
        flags: verdict.flags,
        checks: {
          serviceYear: true,
          acceptableSetting: encounter.setting !== 'other',
          acceptableSpecialty: encounter.provider?.specialty ? !verdict.flags.includes('SPECIALTY') : null,
          signed,
          assessed: meat.length === 0 ? null : meat.some((elements) => elements.length > 0),
        },
      },
    ];
  });
  const merit = (record: (typeof found)[number]): readonly number[] => [
    record.eligible ? 1 : 0,
    record.checks.signed === false ? 0 : 1,
    record.checks.assessed === true ? 2 : record.checks.assessed === null ? 1 : 0,
    record.source === 'claim' ? 1 : 0,
    -record.flags.length,
  ];
  return found
    .sort((a, b) => {
      const [x, y] = [merit(a), merit(b)];
      const place = x.findIndex((value, index) => value !== y[index]);
      if (place >= 0) return (y[place] ?? 0) - (x[place] ?? 0);
      return a.to === b.to ? (a.encounterId < b.encounterId ? -1 : 1) : a.to < b.to ? 1 : -1;
    })
    .map((record, index) => ({ rank: index + 1, ...record }));
}
