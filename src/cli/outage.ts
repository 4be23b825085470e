const DEPENDENCY_AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** A disk without room, a quota used up, PostgreSQL's disk_full. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', '53100']);

/** PostgreSQL's own refusals at the door: no such user or password, no such database, not yet ready, full. */
const REFUSED_AT_THE_DOOR = new Set(['28000', '28P01', '3D000', '57P03', '53300']);

/**
 * Words for an environment that cannot be worked with (a port that is taken, a server that does not answer), or null
 * for any other failure. They name the address and the driver's code; a connection URL may hold a password.
 */
export function outageOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'EADDRINUSE' || code === 'EACCES') return bindingOf(error, code);
  if (typeof code === 'string' && DEPENDENCY_AWAY.has(code)) {
    return `no server answers at ${addressOf(error)} (${code}); see DATABASE_URL and REDIS_URL`;
  }
  if (typeof code === 'string' && NO_ROOM.has(code)) {
    return `there is no room left on the disk (${code}); nothing was kept. See DATA_DIR, or the disk of PostgreSQL`;
  }
  if (typeof code === 'string' && REFUSED_AT_THE_DOOR.has(code)) {
    return `PostgreSQL refuses the connection (${code}); see the user, password and database of DATABASE_URL`;
  }
  const causes = error instanceof AggregateError ? error.errors : [Reflect.get(error, 'cause')];
  return causes.map(outageOf).find((words) => words !== null) ?? null;
}

function bindingOf(error: object, code: string): string | null {
  if (Reflect.get(error, 'syscall') !== 'listen') return null;
  const why = code === 'EADDRINUSE' ? 'something listens there already' : 'this user may not';
  return `the API cannot listen on ${addressOf(error)}: ${why}; see HOST and PORT`;
}

function addressOf(error: object): string {
  const host: unknown = Reflect.get(error, 'address') ?? Reflect.get(error, 'hostname');
  const port: unknown = Reflect.get(error, 'port');
  const parts = [host, port].filter((part) => typeof part === 'string' || typeof part === 'number');
  return parts.length === 0 ? 'the address given' : parts.join(':');
}
