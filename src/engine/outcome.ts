/** Why a score was refused. `code` is stable; `pointer` is the JSON pointer of the field at fault, if one is. */
export interface EngineError {
  readonly code:
    | 'unknown_model'
    | 'unsupported_year'
    | 'missing_mapping'
    | 'missing_coefficients'
    | 'missing_parameter'
    | 'not_applicable'
    | 'invalid_member'
    | 'invalid_request';
  readonly message: string;
  readonly pointer?: string;
}

/** A value, or the reason why there is none. Failures that callers expect are values; bugs throw. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: EngineError };

export function succeed<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refuse(
  code: EngineError['code'],
  message: string,
  pointer?: string,
): { readonly ok: false; readonly error: EngineError } {
  return { ok: false, error: pointer === undefined ? { code, message } : { code, message, pointer } };
}
