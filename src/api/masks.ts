import { FIELD_GROUPS, type FieldGroup, hiddenGroups, type Role } from './roles.ts';

export type FieldMask = ReadonlySet<string>;

const masks = new Map<string, FieldMask>();

/** The fields a role may not see, or null where it sees all. */
export function maskOf(role: Role, settings: { readonly coderSeesRaf: boolean }): FieldMask | null {
  const groups = hiddenGroups(role, settings);
  if (groups.length === 0) return null;
  const key = groups.join();
  const known = masks.get(key);
  if (known) return known;
  const mask = new Set(groups.flatMap((group: FieldGroup): readonly string[] => FIELD_GROUPS[group]));
  masks.set(key, mask);
  return mask;
}

/** A copy of a JSON value without the masked fields, at any depth. */
export function applyMask(value: unknown, mask: FieldMask | null): unknown {
  if (mask === null || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => applyMask(item, mask));
  const shown: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (!mask.has(key)) shown[key] = applyMask(inner, mask);
  }
  return shown;
}

/** An answer on its way out together with the mask of the caller; the serializer applies it after the schema. */
export class MaskedAnswer {
  readonly value: unknown;
  readonly mask: FieldMask;
  constructor(value: unknown, mask: FieldMask) {
    this.value = value;
    this.mask = mask;
  }
}
