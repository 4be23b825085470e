import type { Fault } from '../outcome.ts';
import type { Located } from './claim-draft.ts';
import type { Place } from './envelope.ts';
import type { Separators } from './tokenizer.ts';

/** A finding about a part of a record that as a whole may stand. */
export interface Remark {
  readonly severity: 'error' | 'warning';
  readonly fault: Fault;
}

/** Collects findings about the parts of one record, each with its place in the transaction set. */
export class Remarks {
  readonly list: Remark[] = [];
  readonly #place: Place;
  readonly #separators: Separators;

  constructor(place: Place, separators: Separators) {
    this.#place = place;
    this.#separators = separators;
  }

  warning(at: Located, field: string, code: string, message: string, value?: string): void {
    this.list.push({ severity: 'warning', fault: this.fault(at, { field, code, message, value }) });
  }

  /** The part is not taken; it is kept as sent. */
  error(at: Located, field: string, code: string, message: string, value?: string): void {
    const raw = at.elements.join(this.#separators.element);
    this.list.push({ severity: 'error', fault: { ...this.fault(at, { field, code, message, value }), raw } });
  }

  fault(
    at: Located,
    given: { field: string; code: string; message: string; value?: string | undefined },
  ): Fault {
    const { interchange, group, control } = this.#place;
    const where = `interchange ${interchange}, group ${group}, set ${control}, segment ${at.position}`;
    return {
      row: at.row,
      field: given.field,
      code: given.code,
      message: `${given.message} (${where})`,
      value: given.value ?? null,
    };
  }
}
