import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

const MEDIA_TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;
export type Representation = keyof typeof MEDIA_TYPES;

interface Wanted {
  readonly type: string;
  readonly quality: number;
}

function parseAccept(header: string): readonly Wanted[] {
  return header
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return { type, quality: q === undefined ? 1 : Number(q.slice(2)) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

/** The representation that Accept asks for, of those offered (the first is the default); 406 when there is none. */
export function representation<T extends Representation>(
  request: FastifyRequest,
  offered: readonly [T, ...T[]],
): T {
  const header = request.headers.accept;
  if (header === undefined || header === '') return offered[0];
  for (const { type } of parseAccept(header)) {
    const found = offered.find(
      (name) =>
        type === '*/*' ||
        MEDIA_TYPES[name] === type ||
        (type.endsWith('/*') && MEDIA_TYPES[name].startsWith(type.slice(0, -1))) ||
        (name === 'ndjson' && type === 'application/ndjson'),
    );
    if (found) return found;
  }
  throw new ProblemError('not-acceptable', `offered: ${offered.map((name) => MEDIA_TYPES[name]).join(', ')}`);
}

/** Sends a CSV table as a file of that name. */
export function sendCsvFile(reply: FastifyReply, name: string, text: string): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .send(text);
}
