import { type Command, Option } from 'commander';
import { loadConfig } from '../../config.ts';
import { diffPackages, packageSide } from '../../reference/diff.ts';
import { importMappings } from '../../reference/import/import-mappings.ts';
import { listMappings, verifyMappings } from '../../reference/inventory.ts';
import { loadReference } from '../../reference/load.ts';
import { CommandError, say } from '../exit.ts';

interface RootOption {
  readonly root?: string;
  readonly json?: boolean;
}

interface ImportFlags extends RootOption {
  readonly from: string;
  readonly package: string;
  readonly year: string;
  readonly edition: string;
  readonly base?: string;
  readonly partD?: string;
  readonly effective?: string;
  readonly dryRun?: boolean;
}

/** `mappings list | verify | import | diff`. */
export function addMappingsCommand(program: Command): void {
  const mappings = program
    .command('mappings')
    .description('The mapping packages: what is here, is it whole, what changed');
  const root = () => new Option('--root <folder>', 'folder of the packages (default: MAPPINGS_DIR)');
  const json = () => new Option('--json', 'print JSON instead of a table');

  mappings
    .command('list')
    .description('Every package with its edition, years and row counts')
    .addOption(root())
    .addOption(json())
    .action((flags: RootOption) => {
      const listing = listMappings(rootOf(flags));
      print(flags, listing.packages, listing.text);
    });

  mappings
    .command('verify')
    .description('Checksums, row counts and closure of every package, and that all of them load')
    .addOption(root())
    .addOption(json())
    .action((flags: RootOption) => {
      const folder = rootOf(flags);
      const verdict = verifyMappings(folder);
      print(flags, verdict.packages, verdict.text);
      if (!verdict.ok) throw new CommandError('at least one package is not whole', 1);
      loadReference(folder);
    });

  mappings
    .command('import')
    .description('Reads what CMS publishes each year and writes a package; with any problem nothing changes')
    .requiredOption('--from <path>', 'folder or file as published')
    .requiredOption('--package <id>', 'package to write: a model, icd10cm or eligibility')
    .requiredOption(
      '--year <year>',
      'payment year; benefit year (HHS), year of service (eligibility), fiscal year (icd10cm)',
    )
    .requiredOption('--edition <text>', 'edition of the package, e.g. the date of the publication')
    .option('--base <id>', 'package that lends terms and earlier years (default: the one written)')
    .option('--part-d <types>', 'RxHCC: plan types of the coefficients, joined with a bar (mapd|pdp)')
    .option('--effective <date>', 'icd10cm: first day the release is in force')
    .option('--dry-run', 'check everything, write nothing')
    .addOption(root())
    .action(async (flags: ImportFlags) => {
      const report = await importMappings({
        root: rootOf(flags),
        from: flags.from,
        packageId: flags.package,
        year: yearOf(flags.year),
        version: flags.edition,
        ...(flags.base === undefined ? {} : { base: flags.base }),
        ...(flags.partD === undefined ? {} : { partD: flags.partD }),
        ...(flags.effective === undefined ? {} : { effective: flags.effective }),
        dryRun: flags.dryRun ?? false,
      });
      if (!report.ok) {
        say(report.text);
        throw new CommandError('nothing was imported', 2);
      }
      process.stdout.write(`${report.text}\n`);
    });

  mappings
    .command('diff <a> <b>')
    .description('What changed for coders from A to B; each is a package id, id@year or a path')
    .addOption(root())
    .addOption(json())
    .action((a: string, b: string, flags: RootOption) => {
      const folder = rootOf(flags);
      const diff = diffPackages(packageSide(folder, a), packageSide(folder, b));
      print(flags, diff, diff.text);
    });
}

function rootOf(flags: RootOption): string {
  return flags.root ?? loadConfig().mappingsDir;
}

function yearOf(text: string): number {
  const year = Number(text);
  if (!Number.isInteger(year) || year < 2000 || year > 2100)
    throw new CommandError(`--year: not a year: ${text}`);
  return year;
}

function print(flags: RootOption, data: unknown, text: string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`);
}
