import type { FastifySerializerCompiler } from 'fastify';
import type { z } from 'zod';
import { applyMask, MaskedAnswer } from './masks.ts';

/**
 * Serializes an answer: fields that the route's schema does not declare are left out, an answer that breaks its
 * schema is a fault of ours (500, never half an answer), and what the caller's role may not see is taken away last.
 */
export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema, method, url }) => {
  return (payload: unknown) => {
    const masked = payload instanceof MaskedAnswer;
    const parsed = schema.safeEncode(masked ? payload.value : payload);
    if (!parsed.success) {
      const places = parsed.error.issues.map((issue) => issue.path.join('.')).slice(0, 5);
      throw new Error(`the answer of ${method} ${url} breaks its schema at ${places.join(', ')}`, {
        cause: parsed.error,
      });
    }
    return JSON.stringify(masked ? applyMask(parsed.data, payload.mask) : parsed.data);
  };
};
