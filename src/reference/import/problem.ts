/** Why a source file cannot be imported, precise enough to fix it: file, line, what was found. */
export interface ImportProblem {
  readonly file: string;
  /** 1-based; null when the problem is of the whole file or of several. */
  readonly line: number | null;
  readonly code:
    | 'unreadable'
    | 'no_header'
    | 'bad_row'
    | 'missing_source'
    | 'sources_disagree'
    | 'unknown_hcc'
    | 'no_label'
    | 'no_coefficient'
    | 'unknown_variable'
    | 'hierarchy_cycle'
    | 'hierarchy_changed'
    | 'code_not_valid'
    | 'count'
    | 'package';
  readonly message: string;
}

/** Rows read from a source, with what could not be read. A source with problems is never imported in part. */
export interface ReadRows<T> {
  readonly rows: readonly T[];
  readonly problems: readonly ImportProblem[];
}

/** The first problems in words, one a line, and how many more there are. */
export function renderProblems(problems: readonly ImportProblem[], limit = 20): string {
  const lines = problems
    .slice(0, limit)
    .map(({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message}`);
  const more = problems.length - limit;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
