/** One element with the segment it stands in, for findings. */
export interface Located {
  readonly row: number;
  readonly position: number;
  readonly elements: readonly string[];
}

/** A person of the hierarchy: subscriber (2000B) or patient (2000C). */
export interface Person {
  readonly id: string | null;
  readonly birth: string | null;
  readonly sex: string | null;
  readonly death: string | null;
}

export interface ProviderDraft {
  /** Entity code of NM101: 82, 71, 85, ... */
  readonly role: string;
  npi: string | null;
  taxonomy: string | null;
}

export interface LineDraft {
  readonly number: number;
  /** SV1, SV2, or null while only LX was read. */
  service: Located | null;
  readonly dates: Located[];
  readonly drugs: Located[];
  provider: ProviderDraft | null;
}

/** A CLM loop as read, before any of it is judged. */
export interface ClaimDraft {
  readonly claim: Located;
  readonly person: Person;
  /** Why the hierarchy above the claim cannot be trusted; null when it can. */
  readonly hierarchyFault: string | null;
  readonly billing: ProviderDraft | null;
  readonly providers: ProviderDraft[];
  readonly dates: Located[];
  readonly references: Located[];
  readonly attachments: Located[];
  readonly diagnoses: Located[];
  readonly lines: LineDraft[];
  /** The loop had more segments than a claim may have; the rest was not kept. */
  oversized: boolean;
  raw: string;
}
