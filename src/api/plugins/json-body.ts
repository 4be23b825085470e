import type { FastifyInstance } from 'fastify';
import { jsonFault } from '../../intake/json/fault-place.ts';
import { ProblemError } from '../problems.ts';

/** Reads JSON bodies as the framework does, and says of one that is no JSON where it stops being so. */
export function registerJsonBodies(app: FastifyInstance): void {
  const read = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    read(request, body, (error, value) => {
      const isMalformed = error !== null && Reflect.get(error, 'code') === 'FST_ERR_CTP_INVALID_JSON_BODY';
      const message = isMalformed ? jsonFault(body) : '';
      done(
        isMalformed
          ? new ProblemError('malformed-body', `the body is not JSON: ${message}`, {
              errors: [{ pointer: '', code: 'bad_json', message }],
            })
          : error,
        value,
      );
    });
  });
}
