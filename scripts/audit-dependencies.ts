/**
 * Asks the registry for known weaknesses of the packages that are shipped; fails on high and critical ones. A registry
 * without an advisory service is said and passed over: then nothing was checked.
 */
import { spawnSync } from 'node:child_process';

const run = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const counts = severities(run.stdout);
if (counts === null) {
  process.stderr.write('dependencies not audited: the registry offers no advisories\n');
} else {
  process.stderr.write(`known weaknesses: ${JSON.stringify(counts)}\n`);
  if ((counts.high ?? 0) + (counts.critical ?? 0) > 0) process.exitCode = 1;
}

function severities(text: string): Readonly<Record<string, number>> | null {
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report !== 'object' || report === null || !('metadata' in report)) return null;
    // The report format of npm 7 and later.
    const { vulnerabilities } = report.metadata as { vulnerabilities?: Readonly<Record<string, number>> };
    return vulnerabilities ?? null;
  } catch {
    return null;
  }
}
