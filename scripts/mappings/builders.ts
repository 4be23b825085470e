import { buildHhsV07, buildHhsV08 } from './hhs.ts';
import type { PackageContent } from './package-writer.ts';

/** One builder a package: from the folder with `reference/` and `domain/` to the package's content. */
export const packageBuilders: Readonly<Record<string, (source: string) => PackageContent>> = {
  'hhs-hcc-v07': buildHhsV07,
  'hhs-hcc-v08': buildHhsV08,
};
