import type { Modality, ServiceLine } from '../engine/history.ts';

/**
 * How a claim's service was given: audio-only when every line carries modifier 93 or FQ (in use since 2022; such
 * records do not count from payment year 2027 on), else telehealth by place of service 02 or 10 or modifier 95 or GT.
 */
export function modalityOf(lines: readonly ServiceLine[], placeOfService: string | null): Modality {
  const marked = (wanted: readonly string[]) =>
    lines.filter(({ modifiers }) => modifiers.some((modifier) => wanted.includes(modifier))).length;
  if (lines.length > 0 && marked(['93', 'FQ']) === lines.length) return 'audio_only';
  const telehealth = placeOfService === '02' || placeOfService === '10' || marked(['95', 'GT']) > 0;
  return telehealth ? 'audio_video' : 'in_person';
}
