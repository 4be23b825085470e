import { z } from 'zod';
import { getMember } from '../../store/members.ts';
import { contractsOf } from '../../store/packets.ts';
import { gatherPacket, type PacketRequest, zipPacket } from '../../worklists/audit-packet.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, problems } from '../problems.ts';
import { isSubstanceUseHcc, seesSubstanceUse } from '../substance-use.ts';
import { inTenant } from '../tenant.ts';
import { SERVICE_VERSION } from '../version.ts';

const paymentYear = z.int().min(2000).max(2100);
const body = z
  .union([
    z.strictObject({ memberKey: z.uuid(), hcc: z.string().min(1).max(10), paymentYear }),
    z.strictObject({
      sample: z.strictObject({
        seed: z.string().trim().min(1).max(100).describe('state it in the report: the draw can be repeated'),
        size: z.int().min(1).max(200).describe('RADV: 35 to 200 enrollees of a contract'),
        contract: z.string().min(1).max(64).optional(),
      }),
      paymentYear,
    }),
  ])
  .meta({ id: 'AuditPacketRequest' });

/** Everything behind an HCC, or behind a drawn sample of enrollees, in one download. */
export function registerAuditPackets(v1: Api, deps: ApiDeps): void {
  v1.post(
    '/audit-packets',
    {
      config: { idempotency: 'none' },
      schema: {
        operationId: 'getAuditPacket',
        tags: ['audit'],
        summary:
          'Evidence, decisions, queries, versions and hashes of an HCC or of an enrollee sample, as one zip',
        description:
          'manifest.json lists every file with its SHA-256; its own is in `x-manifest-sha256`. A sample is drawn by its seed alone and can be drawn again.',
        produces: ['application/zip'],
        body,
        response: { 200: z.unknown(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { contracts, role, subject: actor } = callerOf(request);
      const asked = request.body;
      const at = deps.now().toISOString();
      const sees = seesSubstanceUse(role, request.settings);
      const isHidden = (hcc: string) => !sees && isSubstanceUseHcc(null, hcc);
      const packet = await inTenant(deps, request, async (tx) => {
        if ('memberKey' in asked) {
          const member = await getMember(tx, asked.memberKey);
          const theirs = contracts === null ? null : await contractsOf(tx, [asked.memberKey]);
          const outside = theirs !== null && !contracts?.some((one) => theirs.has(one));
          if (!member || outside || isHidden(asked.hcc)) throw notFound('member');
        }
        const wanted = 'sample' in asked && asked.sample.contract ? [asked.sample.contract] : contracts;
        const packetRequest: PacketRequest =
          'memberKey' in asked
            ? {
                type: 'subject',
                paymentYear: asked.paymentYear,
                subject: { memberKey: asked.memberKey, hccs: [asked.hcc] },
              }
            : {
                type: 'sample',
                paymentYear: asked.paymentYear,
                seed: asked.sample.seed,
                size: asked.sample.size,
                contracts:
                  contracts === null ? wanted : (wanted ?? []).filter((one) => contracts.includes(one)),
              };
        return gatherPacket(tx, deps.reference, packetRequest, {
          actor,
          at,
          serviceVersion: SERVICE_VERSION,
          packages: deps.packages,
          isHidden,
        });
      });
      touch(request, packet.memberKeys, packet.subjects);
      await writeAudit(request, reply, deps);
      return reply
        .type('application/zip')
        .header('content-disposition', 'attachment; filename="audit-packet.zip"')
        .header('x-manifest-sha256', packet.manifestSha256)
        .send(zipPacket(packet, at));
    },
  );
}
