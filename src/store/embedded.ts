import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { type Binaries, EmbeddedError, findBinaries, REMEDY, type RunAs } from './embedded-binaries.ts';
import { checkReach, freePort, isAlive, lockStart, runToEnd, serverUser, waitFor } from './embedded-host.ts';

export interface EmbeddedServer {
  readonly url: string;
  readonly port: number;
  /** Where the data lie. */
  readonly dataDir: string;
  /** False: another process had started it, and this one only uses it. */
  readonly startedHere: boolean;
  /** Leaves the server; the last process to leave stops it. Close every pool first. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder of the database: the cluster, its password, the log and, where needed, a copy of the programs. */
  readonly dataDir: string;
  /** Longest wait for another process that is starting or stopping the server. */
  readonly waitMs?: number;
}

const USER = 'hccgap';
const DATABASE = 'hccgap';
const PASSWORD_FILE = 'postgres.password';
/** Every process that uses the server keeps one connection of this name; the last one to leave stops it. */
const PRESENCE = 'hccgap-presence';
const WAIT_MS = 60_000;
const STOP_MS = 30_000;
/** For bulk loads on a small machine. Durability stays whole: an acknowledged commit survives a crash. */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
jit = off
`;

/**
 * Starts the embedded PostgreSQL on a free loopback port, or joins the one that another process runs on the same
 * folder: PostgreSQL writes its pid and port beside the data, and its lock keeps a second server off them. A server
 * whose starter was killed lives on, and the next start finds it. As root the server runs as the system's user
 * `postgres`, as PostgreSQL refuses root. The first start makes the cluster. Throws {@link EmbeddedError}, with a
 * remedy, when it cannot be had.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDir = path.resolve(options.dataDir);
  const runAs = serverUser();
  await mkdir(dataDir, { recursive: true, mode: 0o755 }).catch((error: unknown) => {
    throw new EmbeddedError(`the data folder ${dataDir} cannot be made; ${REMEDY}`, { cause: error });
  });
  const unlock = await lockStart(dataDir, options.waitMs ?? WAIT_MS);
  try {
    const cluster = path.join(dataDir, 'cluster');
    const running = await join(dataDir, cluster);
    if (running !== null) return { ...running, dataDir, startedHere: false };
    await checkReach(dataDir, runAs);
    const binaries = await findBinaries(dataDir, runAs);
    if (!(await exists(path.join(cluster, 'PG_VERSION'))))
      await makeCluster(dataDir, cluster, binaries, runAs);
    await launch(dataDir, cluster, binaries, runAs);
    const server = await join(dataDir, cluster);
    if (server === null) throw new EmbeddedError(`the embedded PostgreSQL ended at once; ${REMEDY}`);
    return { ...server, dataDir, startedHere: true };
  } finally {
    await unlock();
  }
}

/** Connects to the server that runs on the cluster and stays connected; null when none runs. */
async function join(dataDir: string, cluster: string) {
  const found = await runningServer(cluster);
  if (found === null) return null;
  const password = (await readFile(path.join(dataDir, PASSWORD_FILE), 'utf8')).trim();
  const urlOf = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${found.port}/${database}`;
  const presence = new pg.Client({
    connectionString: urlOf('postgres'),
    application_name: PRESENCE,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  });
  // A server stopped by hand must not end this process by an error that nobody listens to.
  presence.on('error', () => undefined);
  try {
    await presence.connect();
  } catch (error) {
    // A pid file that outlived its server: the pid is another program's now.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return null;
    throw new EmbeddedError(`the embedded PostgreSQL on port ${found.port} does not let us in; ${REMEDY}`, {
      cause: error,
    });
  }
  const known = await presence.query('select from pg_database where datname = $1', [DATABASE]);
  if (known.rowCount === 0) await presence.query(`create database ${DATABASE}`);
  return { url: urlOf(DATABASE), port: found.port, stop: () => leave(dataDir, presence, found.pid) };
}

/** Ends this process's presence, and the server with the last one. */
async function leave(dataDir: string, presence: pg.Client, pid: number): Promise<void> {
  const unlock = await lockStart(dataDir, WAIT_MS);
  try {
    const others = await presence
      .query('select from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()', [
        PRESENCE,
      ])
      .then(({ rowCount }) => rowCount)
      // Already gone: nobody is there, and there is nothing to stop.
      .catch(() => null);
    await presence.end().catch(() => undefined);
    if (others !== 0) return;
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written.
    process.kill(pid, 'SIGINT');
    await waitFor(async () => !isAlive(pid), STOP_MS);
  } finally {
    await unlock();
  }
}

async function runningServer(
  cluster: string,
): Promise<{ readonly pid: number; readonly port: number } | null> {
  const text = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = text.split('\n').map((line) => Number(line.trim()));
  return pid !== undefined && pid > 0 && port !== undefined && isAlive(pid) ? { pid, port } : null;
}

async function makeCluster(
  dataDir: string,
  cluster: string,
  binaries: Binaries,
  runAs: RunAs,
): Promise<void> {
  const passwordFile = path.join(dataDir, PASSWORD_FILE);
  await writeFile(passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  // Made under another name and moved when whole: a start that broke off leaves nothing that looks like a cluster.
  const draft = `${cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const { uid, gid } = runAs;
  if (uid !== undefined && gid !== undefined) {
    await chown(draft, uid, gid);
    await chown(passwordFile, uid, gid);
  }
  const flags = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', `--username=${USER}`];
  const outcome = await runToEnd(
    binaries.initdb,
    [`--pgdata=${draft}`, `--pwfile=${passwordFile}`, '--no-instructions', ...flags],
    { dataDir, runAs },
  );
  if (outcome.code !== 0) {
    throw new EmbeddedError(
      `the database in ${draft} cannot be set up: ${lastLine(outcome.output)}; ${REMEDY}`,
    );
  }
  await writeFile(path.join(draft, 'postgresql.conf'), SETTINGS, { flag: 'a' });
  await rename(draft, cluster);
}

async function launch(dataDir: string, cluster: string, binaries: Binaries, runAs: RunAs): Promise<void> {
  const log = path.join(cluster, 'server.log');
  const port = await freePort();
  const outcome = await runToEnd(
    binaries.pgCtl,
    ['start', '-D', cluster, '-l', log, '-w', '-t', String(WAIT_MS / 1000), '-o', `-p ${port}`],
    { dataDir, runAs },
  );
  if (outcome.code === 0) return;
  const said = lastLine(await readFile(log, 'utf8').catch(() => outcome.output));
  throw new EmbeddedError(`the embedded PostgreSQL in ${cluster} does not start: ${said}; ${REMEDY}`);
}

function exists(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
