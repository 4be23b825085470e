import type { IsoDate } from '../../engine/dates.ts';
import type { CoveragePeriod, Sex } from '../../engine/history.ts';
import { mbiOf } from '../mbi.ts';
import { idText } from '../x12/values.ts';
import { coverageFacts, isMedicaidOnly } from './coverage-facts.ts';
import { dayAt } from './dates.ts';
import { at, type Json, list, text } from './json.ts';
import type { Mapped, Mapping } from './mapping.ts';
import { MBI, plainReference } from './resource-index.ts';

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/';
const SEX_CODES: Readonly<Record<string, Sex>> = {
  '248152002': 'F',
  '248153007': 'M',
  F: 'F',
  M: 'M',
  female: 'F',
  male: 'M',
};

/** Patient: birth, sex (us-core-sex, else birthsex, else gender), death, general practitioner. */
export function mapPatient(mapping: Mapping): Mapped {
  const { resource, index, options } = mapping;
  const memberId =
    mapping.keys.map((key) => index.memberOf(key)).find((id) => id !== undefined) ?? idText(mapping.id);
  if (memberId === null) return mapping.reject('/id', 'member_id_missing', 'the patient has no usable id');
  const birthDate = birthOf(mapping, options.asOf);
  const sex = sexOf(resource);
  if (sex === null) {
    const message = 'no scoring model has a coefficient for a sex other than F or M';
    mapping.fail('/gender', 'sex_unusable', message, text(resource, 'gender'));
  }
  const deathDate = dayAt(resource, 'deceasedDateTime');
  if (deathDate === null && resource.deceasedBoolean === true) {
    mapping.warn(
      '/deceasedBoolean',
      'death_date_unknown',
      'the member has died, on a date that is not given',
    );
  }
  const pcp = list(resource, 'generalPractitioner').map((each) => mapping.provider(each)?.npi)[0] ?? null;
  const { source } = mapping;
  const member = { kind: 'member', memberId, source, birthDate, sex, deathDate, pcpNpi: pcp } as const;
  const aliases = mbisOf(resource)
    .filter((mbi) => mbi !== memberId)
    .map((alias) => ({ kind: 'member_alias', memberId, source, alias }) as const);
  return { ok: true, records: [member, ...aliases] };
}

/** A member has several MBIs over time, and old records carry old ones: all, those in force first. */
function mbisOf(resource: Json): readonly string[] {
  const stated = list(resource, 'identifier')
    .filter((identifier) => text(identifier, 'system') === MBI)
    .map((identifier) => ({
      mbi: mbiOf(text(identifier, 'value')),
      ended: text(at(identifier, 'period'), 'end') !== null,
    }))
    .sort((one, other) => Number(one.ended) - Number(other.ended));
  return [...new Set(stated.map(({ mbi }) => mbi).filter((mbi) => mbi !== null))];
}

function birthOf(mapping: Mapping, asOf: IsoDate): IsoDate | null {
  const stated = text(mapping.resource, 'birthDate');
  const day = dayAt(mapping.resource, 'birthDate');
  if (day !== null && day <= asOf) return day;
  const code = stated === null ? 'birth_date_missing' : 'birth_date_invalid';
  mapping.fail('/birthDate', code, 'without a full date of birth up to today no score is possible', stated);
  return null;
}

function sexOf(resource: Json): Sex | null {
  const extension = (name: string) => {
    const found = list(resource, 'extension').find((each) => text(each, 'url') === `${US_CORE}${name}`);
    return found === undefined ? null : (text(found, 'valueCode') ?? text(at(found, 'valueCoding'), 'code'));
  };
  for (const value of [extension('us-core-sex'), extension('us-core-birthsex'), text(resource, 'gender')]) {
    if (value !== null && Object.hasOwn(SEX_CODES, value)) return SEX_CODES[value] ?? null;
  }
  return null;
}

/**
 * Coverage: one enrollment span. Dual status, entitlement and contract may stand in another Coverage of the member,
 * and a Coverage without a contract is no span of its own beside one that has it.
 */
export function mapCoverage(mapping: Mapping): Mapped {
  const { resource, index, options } = mapping;
  const memberId = mapping.member('beneficiary');
  if (memberId === null) {
    return mapping.reject('/beneficiary', 'member_unresolved', 'the beneficiary names no patient');
  }
  const status = text(resource, 'status');
  if (status === 'entered-in-error' || status === 'cancelled' || status === 'draft') {
    mapping.warn('/status', 'coverage_not_in_force', 'the coverage is not in force', status);
    return { ok: true, records: [] };
  }
  if (options.program !== 'aca' && isMedicaidOnly(resource)) {
    mapping.warn('/type', 'coverage_not_medicare', 'a Medicaid coverage is no Medicare enrollment');
    return { ok: true, records: [] };
  }
  const own = coverageFacts(resource);
  const beneficiary = plainReference(text(at(resource, 'beneficiary'), 'reference') ?? '');
  const all = index.coverage.of(beneficiary) ?? own;
  // Its dual status and entitlement are already on the span with the contract.
  if (own.contractId === null && all.contractId !== null) return { ok: true, records: [] };
  const period = at(resource, 'period');
  const from = dayAt(period, 'start');
  if (from === null) {
    const message = 'a coverage without a start date is no enrollment span';
    return mapping.reject('/period/start', 'coverage_without_start', message, text(period, 'start'));
  }
  const to = dayAt(period, 'end');
  if (to !== null && to < from) {
    return mapping.reject('/period', 'coverage_out_of_order', 'the coverage ends before it starts', to);
  }
  if (all.dualStatus === null) {
    mapping.warn('/extension', 'dual_status_unknown', 'no coverage of the member states the dual status');
  }
  if (all.esrd) {
    mapping.warn(
      '/extension',
      'esrd_status_unstated',
      'ESRD is indicated, dialysis or transplant is not said',
    );
  }
  const record: CoveragePeriod = {
    program: options.program,
    contractId: own.contractId,
    planId: own.planId,
    from,
    to: to === null || to >= '9999-01-01' ? null : to,
    originalEntitlement: all.originalEntitlement,
    currentEntitlement: all.currentEntitlement,
    dualStatus: all.dualStatus,
    institutional: false,
    newEnrollee: false,
    snp: 'none',
    lowIncome: false,
    partD: all.partD ? (own.contractId?.startsWith('S') ? 'pdp' : 'mapd') : 'none',
    esrd: null,
    hospice: false,
    switcher: false,
  };
  const coverage = { kind: 'coverage', memberId, source: mapping.source, period: record } as const;
  return { ok: true, records: [{ ...coverage, metal: null, csr: null, enrollmentMonths: null }] };
}
