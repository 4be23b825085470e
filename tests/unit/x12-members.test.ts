import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { intakeOptions } from '../../src/intake/parser.ts';
import { x12Parser } from '../../src/intake/x12/parse.ts';
import type { EnrollmentRule } from '../../src/intake/x12/settings.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/x12/${name}`, import.meta.url));
const options = intakeOptions({ asOf: '2026-11-24' });

const rule = (component: number, field: EnrollmentRule['field'], values: EnrollmentRule['values']) => ({
  sender: 'MEADOWCLINIC',
  loop: 'member' as const,
  qualifier: 'ZZ',
  separator: ';',
  component,
  field,
  values,
});

describe('834', () => {
  it('reads members with their coverage spans; a span that ends before it begins is void', async () => {
    const parser = x12Parser();
    const { records, reports, findings } = await collect(
      parser([inputOf('m', fixture('members-834.x12'))], options),
    );
    expect(reports).toMatchObject([{ recordType: 'member', received: 4, accepted: 3, rejected: 1 }]);
    expect(
      only(records, 'member').map(({ memberId, birthDate, sex, deathDate, pcpNpi }) => [
        memberId,
        birthDate,
        sex,
        deathDate,
        pcpNpi,
      ]),
    ).toEqual([
      ['HPM0001', '1950-01-02', 'F', null, '1245319599'],
      ['HPM0002', '1948-11-30', 'M', '2026-03-01', null],
      ['HPM0004', null, null, null, null],
    ]);
    expect(
      only(records, 'coverage').map(({ memberId, period }) => [
        memberId,
        period.from,
        period.to,
        period.currentEntitlement,
        period.dualStatus,
      ]),
    ).toEqual([
      ['HPM0001', '2026-01-01', null, '0', null],
      ['HPM0002', '2025-01-01', '2026-02-28', '1', null],
    ]);
    expect(brief(findings)).toEqual([
      'm:16 dual_status_unknown REF02',
      'm:26 dual_status_unknown REF02',
      'm:29 coverage_not_medical HD03',
      'm:34 date_invalid DMG02',
      'm:35 coverage_cancelled DTP03',
      'm:38 member_id_missing REF02',
    ]);
  });

  it('never shows a social security number as member id, nor in a message', async () => {
    const { records, findings } = await collect(
      x12Parser()([inputOf('m', fixture('members-834.x12'))], options),
    );
    expect(JSON.stringify(records)).not.toContain('123456789');
    expect(findings.map(({ message }) => message).join()).not.toContain('123456789');
  });

  it('takes dual and institutional status from the rules of the sender', async () => {
    const enrollment = [rule(1, 'dualStatus', null), rule(2, 'institutional', { Y: 'true', N: 'false' })];
    const { records } = await collect(
      x12Parser({ enrollment })([inputOf('m', fixture('members-834.x12'))], options),
    );
    expect(only(records, 'coverage').map(({ period }) => [period.dualStatus, period.institutional])).toEqual([
      ['02', false],
      ['00', true],
    ]);
  });
});

describe('277CA', () => {
  it('brings acceptance and ICN of each claim', async () => {
    const { records, reports } = await collect(
      x12Parser()([inputOf('ca', fixture('answers-277ca.x12'))], options),
    );
    expect(reports).toMatchObject([{ recordType: 'claim_status', received: 2, accepted: 2, rejected: 0 }]);
    expect(records).toEqual([
      {
        kind: 'encounter_status',
        memberId: 'HPM0001',
        source: { file: 'ca', row: 17 },
        encounterId: 'P1001',
        icn: '2607600000001',
        acceptance: 'accepted',
        mao004: null,
        reasons: ['A2:20'],
      },
      {
        kind: 'encounter_status',
        memberId: 'HPM0001',
        source: { file: 'ca', row: 21 },
        encounterId: 'P1002',
        icn: null,
        acceptance: 'rejected',
        mao004: null,
        reasons: ['A3:21', 'A7:562:85'],
      },
    ]);
  });
});
