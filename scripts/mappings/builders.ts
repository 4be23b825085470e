import type { PackageContent } from './package-writer.ts';

/** One builder a package: from the folder with `reference/` and `domain/` to the package's content. */
export const packageBuilders: Readonly<Record<string, (source: string) => PackageContent>> = {};
