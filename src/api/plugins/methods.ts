import type { FastifyInstance, FastifyRequest } from 'fastify';

interface Address {
  readonly parts: readonly string[];
  readonly methods: Set<string>;
}

/** Addresses by their pattern, with the methods that are served there. */
export type Addresses = ReadonlyMap<string, Address>;

/**
 * Notes every route as it is registered, so that a known address called by another method is told apart from an
 * address that is not there (RFC 9110, 15.5.6: 405 carries Allow). Call before any route.
 */
export function noteAddresses(app: FastifyInstance): Addresses {
  const addresses = new Map<string, Address>();
  app.addHook('onRoute', ({ url, method }) => {
    const address = addresses.get(url) ?? { parts: url.split('/'), methods: new Set<string>() };
    for (const one of [method].flat()) address.methods.add(one);
    addresses.set(url, address);
  });
  return addresses;
}

/** Methods served at the address of a request, OPTIONS among them; empty when there is no such address. */
export function methodsAt(addresses: Addresses, request: FastifyRequest): readonly string[] {
  const parts = (request.url.split('?')[0] ?? '').split('/');
  const methods = new Set<string>();
  for (const address of addresses.values()) {
    if (fits(address.parts, parts)) for (const method of address.methods) methods.add(method);
  }
  return methods.size === 0 ? [] : [...methods, 'OPTIONS'].sort();
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.includes('*')) return pattern.slice(0, -1).every((part, at) => part === parts[at]);
  return (
    pattern.length === parts.length &&
    pattern.every((part, at) => (part.startsWith(':') ? parts[at] !== '' : part === parts[at]))
  );
}
