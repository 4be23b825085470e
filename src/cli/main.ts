#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { packageRoot } from '../paths.ts';
import { CommandError, say } from './exit.ts';
import { outageOf } from './outage.ts';

const { version } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string;
};

const program = new Command('hccgap')
  .description(
    'HCC gap analysis and risk scores. Data goes to stdout, progress and words to stderr.\n' +
      'Exit status: 0 all good, 1 some records refused, 2 unusable input.',
  )
  .version(version)
  .showHelpAfterError('(hccgap --help, or hccgap COMMAND --help)')
  .exitOverride();

// A command on data starts many times a day: it does not load the service, nor the readers of spreadsheets.
const DATA = ['score', 'impact', 'analyze', 'suspect'];
const asked = process.argv[2] ?? '';
const { addDataCommands } = await import('./commands/data.ts');
addDataCommands(program);
if (!DATA.includes(asked)) {
  const { addMappingsCommand } = await import('./commands/mappings.ts');
  addMappingsCommand(program);
}
if (!DATA.includes(asked) && asked !== 'mappings') {
  const { addServiceCommands } = await import('./commands/service.ts');
  addServiceCommands(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof CommandError) {
    say(error.message);
    process.exitCode = error.exitCode;
  } else {
    const words = isKnownFailure(error) ? error.message : outageOf(error);
    if (words === null) throw error;
    say(words);
    process.exitCode = 2;
  }
}

/** Failures that name their own remedy: an unusable environment, or a mapping package that is not whole. */
function isKnownFailure(error: unknown): error is Error {
  return (
    error instanceof Error && ['ConfigError', 'PackageError', 'EmbeddedDatabaseError'].includes(error.name)
  );
}
