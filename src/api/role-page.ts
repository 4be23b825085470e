import { markdownTable } from './markdown.ts';
import { ACCESS, FIELD_GROUPS, type FieldGroup, hiddenGroups, ROLE_TEXT, ROLES } from './roles.ts';

/** `docs/roles.md`, printed from the tables that are applied; a test holds the page equal to it. */
export function rolePage(
  routes: readonly { readonly operationId: string; readonly route: string }[],
): string {
  const byOperation = new Map(routes.map(({ operationId, route }) => [operationId, route]));
  const access: Readonly<Record<string, readonly string[]>> = ACCESS;
  const groups = Object.keys(FIELD_GROUPS).filter((name): name is FieldGroup =>
    Object.hasOwn(FIELD_GROUPS, name),
  );
  const hidden = (role: (typeof ROLES)[number], group: FieldGroup): string => {
    if (!hiddenGroups(role, { coderSeesRaf: false }).includes(group)) return 'shown';
    return hiddenGroups(role, { coderSeesRaf: true }).includes(group) ? 'never' : 'if the tenant says so';
  };
  return [
    '# Roles',
    '',
    'Printed from `src/api/roles.ts`, the only place that says who may do what. A route without an entry does not start.',
    '',
    markdownTable(
      ['role', 'who'],
      ROLES.map((role) => [`\`${role}\``, ROLE_TEXT[role]]),
    ),
    '',
    '## Routes',
    '',
    markdownTable(
      ['route', 'operation', ...ROLES],
      Object.keys(access)
        .filter((operation) => byOperation.has(operation))
        .map((operation) => [
          `\`${byOperation.get(operation) ?? ''}\``,
          operation,
          ...ROLES.map((role) => (access[operation]?.includes(role) ? 'yes' : '')),
        ]),
    ),
    '',
    '## Fields',
    '',
    'Left out of every answer, at any depth, also in streams and CSV.',
    '',
    markdownTable(
      ['group', ...ROLES, 'fields'],
      groups.map((group) => [
        group,
        ...ROLES.map((role) => hidden(role, group)),
        FIELD_GROUPS[group].map((field) => `\`${field}\``).join(', '),
      ]),
    ),
    '',
  ].join('\n');
}
