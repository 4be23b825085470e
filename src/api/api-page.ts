import { TRANSITIONS } from '../worklists/transitions.ts';
import { markdownTable } from './markdown.ts';
import { PROBLEM_TYPES } from './problems.ts';

/** The table of problem types of `docs/api.md`. */
export function problemTable(): string {
  return markdownTable(
    ['type', 'status', 'title', 'when'],
    Object.entries(PROBLEM_TYPES).map(([name, { status, title, when }]) => [
      `\`/problems/${name}\``,
      String(status),
      title,
      when,
    ]),
  );
}

/** The table of legal transitions of `docs/api.md`. */
export function transitionTable(): string {
  return markdownTable(
    ['reason', 'from', 'to', 'directions', 'roles', 'needs', 'then'],
    TRANSITIONS.map(({ reason, from, to, directions, roles, needs, effect }) => [
      reason === null ? 'none' : `\`${reason}\``,
      from.join(', '),
      to,
      directions.length === 5 ? 'all' : directions.join(', '),
      roles.join(', '),
      needs.map((need) => (need === 'evidence' ? 'encounterId, locator, meat[]' : need)).join(', '),
      effect?.replaceAll('_', ' ') ?? '',
    ]),
  );
}
