import type { HierarchyOrder } from './model.ts';

export interface HierarchyEdge {
  readonly hcc: string;
  readonly drops: string;
}

/** The hierarchy table of a model: which HCC drops which, and who dominates whom transitively. */
export interface HierarchyGraph {
  readonly edges: readonly HierarchyEdge[];
  /** Parents in table order with their direct children. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly parents: ReadonlyMap<string, readonly string[]>;
  /** HCCs that drop `hcc`, directly or through others. */
  dominators(hcc: string): ReadonlySet<string>;
  /** HCCs that `hcc` drops, directly or through others. */
  dominated(hcc: string): ReadonlySet<string>;
  /** `hcc`, its dominators and its dominated; not the whole connected component (gap taxonomy, section 0). */
  family(hcc: string): ReadonlySet<string>;
}

export interface DroppedHcc {
  readonly hcc: string;
  /** The HCC, or the name of the model rule, that removed it. */
  readonly droppedBy: string;
}

/** Compiles the hierarchy table; rows are applied in the order given (CMS table order). */
export function hierarchyGraph(edges: readonly HierarchyEdge[]): HierarchyGraph {
  const children = new Map<string, string[]>();
  const parents = new Map<string, string[]>();
  for (const { hcc, drops } of edges) {
    children.set(hcc, [...(children.get(hcc) ?? []), drops]);
    parents.set(drops, [...(parents.get(drops) ?? []), hcc]);
  }
  const dominated = closures(children);
  const dominators = closures(parents);
  const families = new Map<string, ReadonlySet<string>>();
  const none: ReadonlySet<string> = new Set();
  const above = (hcc: string): ReadonlySet<string> => dominators.get(hcc) ?? none;
  const below = (hcc: string): ReadonlySet<string> => dominated.get(hcc) ?? none;
  return {
    edges,
    children,
    parents,
    dominators: above,
    dominated: below,
    family: (hcc) => {
      const known = families.get(hcc);
      if (known) return known;
      const family = new Set([hcc, ...above(hcc), ...below(hcc)]);
      families.set(hcc, family);
      return family;
    },
  };
}

function closures(next: ReadonlyMap<string, readonly string[]>): Map<string, ReadonlySet<string>> {
  const result = new Map<string, ReadonlySet<string>>();
  for (const start of next.keys()) {
    const reached = new Set<string>();
    const open = [...(next.get(start) ?? [])];
    for (let hcc = open.pop(); hcc !== undefined; hcc = open.pop()) {
      if (reached.has(hcc)) continue;
      reached.add(hcc);
      open.push(...(next.get(hcc) ?? []));
    }
    result.set(start, reached);
  }
  return result;
}

/**
 * Applies the hierarchies to `present`, which is changed in place; returns what was dropped and by which HCC.
 * The two orders differ only where the table is not transitive (V28 62, 63, 202; RxHCC 81-84, 317).
 */
export function applyHierarchies(
  graph: HierarchyGraph,
  order: HierarchyOrder,
  present: Set<string>,
): DroppedHcc[] {
  if (present.size < 2) return [];
  return order === 'sequential' ? dropInTurn(graph, present) : dropAtOnce(graph, present);
}

/** SAS order: a category already dropped drops nothing more. */
function dropInTurn(graph: HierarchyGraph, present: Set<string>): DroppedHcc[] {
  const dropped: DroppedHcc[] = [];
  const candidates = [...present].filter((hcc) => graph.children.has(hcc));
  if (candidates.length === 0) return dropped;
  for (const [parent, children] of graph.children) {
    if (!present.has(parent)) continue;
    for (const child of children) if (present.delete(child)) dropped.push({ hcc: child, droppedBy: parent });
  }
  return dropped;
}

/** Python order: every edge is tested on the set before any drop. A surviving parent is named where there is one. */
function dropAtOnce(graph: HierarchyGraph, present: Set<string>): DroppedHcc[] {
  const doomed: string[] = [];
  for (const hcc of present) {
    if (graph.parents.get(hcc)?.some((parent) => present.has(parent))) doomed.push(hcc);
  }
  if (doomed.length === 0) return [];
  const before = new Set(present);
  for (const hcc of doomed) present.delete(hcc);
  return doomed.map((hcc) => {
    const parents = (graph.parents.get(hcc) ?? []).filter((parent) => before.has(parent));
    return { hcc, droppedBy: parents.find((parent) => present.has(parent)) ?? parents[0] ?? hcc };
  });
}
