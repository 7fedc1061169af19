/**
 * The runtime folder: made or checked before anything is put there, cleared when everything has ended.
 *
 * Guarantees: only this user (and root) can add, replace or remove files in it, so every file there is what Sluice
 * wrote. After a clean end nothing is left but logs, above all no private key.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { FILES } from "../compile/nginx-conf.ts";
import { UserError } from "../support/user-error.ts";
import { makeFolderFor } from "./agent/worker-files.ts";
import { sweepConfFiles } from "./agent/conf-files.ts";
import { ADMIN_TOKEN, AGENT_LOCK, AGENT_TOKEN, CONTROLLER_LOCK, lockHolder, NGINX_MASTER, STREAM_MASTER } from "./locks.ts";

/** The files of the agent and its nginx, and those of the controller. Logs are in neither list, so they stay. */
const AGENTS = [FILES.conf, FILES.pid, FILES.program, FILES.keys, FILES.certificate, FILES.certificateKey, FILES.temp,
  FILES.streamConf, FILES.streamPid, FILES.endpoints, FILES.failures, FILES.sockets];
const CONTROLLERS = [FILES.socket, AGENT_TOKEN, ADMIN_TOKEN];
/** One of these lies in every folder that a Sluice has used and not cleared. */
const MARKS = [CONTROLLER_LOCK, AGENT_LOCK, AGENT_TOKEN, NGINX_MASTER, STREAM_MASTER];

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Makes the folder for bodies that are too long for memory. nginx makes folders of its own in it, which it gives to its
 * workers. The folder around them does not belong to the workers: nginx's master, which is root, would follow whatever
 * they put there at a reload.
 */
export function makeTemp(runtimeDir: string): void {
  const temp = `${runtimeDir}/${FILES.temp}`;
  const found = lstatSync(temp, { throwIfNoEntry: false });
  if (found && (!found.isDirectory() || found.uid !== ourUid())) rmSync(temp, { recursive: true, force: true });
  mkdirSync(temp, { recursive: true });
  chmodSync(temp, isRoot() ? 0o711 : 0o700);
}

/**
 * Makes the folder of the sockets between the two nginx. nginx opens its sockets for everybody, and whoever can connect
 * to one can claim to be any client. So nobody but root and the workers may pass through the folder.
 */
export function makeSockets(runtimeDir: string, workers: { readonly gid: number } | undefined): void {
  makeFolderFor(`${runtimeDir}/${FILES.sockets}`, workers);
}

/**
 * Makes the folder, or takes one that is there; answers whether it was made. Throws a UserError for a folder in which
 * somebody else could change what nginx runs, and for one that nginx's workers cannot reach.
 */
export function claimFolder(runtimeDir: string): boolean {
  // Resolved first, because a path with a slash at its end would follow a symbolic link.
  const folder = resolve(runtimeDir);
  const made = makeFolder(folder);
  if (!made) requireOurs(folder);
  if (isRoot()) openForWorkers(folder);
  return made;
}

/** Removes the agent's files. To be called when nginx has ended. */
export function clearAgentFiles(runtimeDir: string): void {
  remove(runtimeDir, AGENTS);
  sweepConfFiles(runtimeDir, "");
}

/** Removes the controller's files alone. For when the agent is in another container, from which the controller cannot see whether it lives. */
export function clearControllerFiles(runtimeDir: string): void {
  remove(runtimeDir, CONTROLLERS);
}

/**
 * Removes what Sluice made in the folder, all but logs and the controller's lock, which is the caller's; with
 * `whole` the folder itself. Does nothing while an agent lives there, nor after an nginx master that did not end in
 * good order, because its workers may have outlived it.
 */
export function clearFolder(runtimeDir: string, whole = false): void {
  if (lockHolder(`${runtimeDir}/${AGENT_LOCK}`) || [NGINX_MASTER, STREAM_MASTER].some((file) => isThere(`${runtimeDir}/${file}`))) return;
  if (whole) rmSync(runtimeDir, { recursive: true, force: true });
  else {
    remove(runtimeDir, [...AGENTS, ...CONTROLLERS, AGENT_LOCK]);
    sweepConfFiles(runtimeDir, "");
  }
}

/** Whether a Sluice of this user has used the folder and not cleared it. */
export function isLeftOver(runtimeDir: string): boolean {
  try {
    const found = lstatSync(resolve(runtimeDir));
    return found.isDirectory() && found.uid === ourUid() && MARKS.some((file) => isThere(`${runtimeDir}/${file}`));
  } catch {
    return false;
  }
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function remove(runtimeDir: string, files: readonly string[]): void {
  for (const file of files) {
    for (const suffix of ["", ".new"]) rmSync(`${runtimeDir}/${file}${suffix}`, { recursive: true, force: true });
  }
}

/** False: something of that name is there already. */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
    mkdirSync(folder, { mode: isRoot() ? 0o711 : 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new UserError(`The runtime folder ${folder} cannot be made (${code}): choose another with --runtime-dir.`);
  }
}

function requireOurs(folder: string): void {
  const found = look(folder);
  const instead = "choose another with --runtime-dir";
  if (found.isSymbolicLink()) {
    throw new UserError(`The runtime folder ${folder} is a symbolic link, which may lead elsewhere tomorrow: name the folder itself with --runtime-dir.`);
  }
  if (!found.isDirectory()) throw new UserError(`The runtime folder ${folder} is a file, not a folder: ${instead}.`);
  if (found.uid !== ourUid()) {
    throw new UserError(`The runtime folder ${folder} belongs to another user (uid ${found.uid}), who could change what nginx runs: ${instead}.`);
  }
  if ((found.mode & WRITABLE_BY_OTHERS) === 0) return;
  if (!isPrivateNow(folder)) {
    throw new UserError(`Others may write in the runtime folder ${folder}, and could change what nginx runs: empty it, or ${instead}.`);
  }
}

/** A new volume of a pod is open to everybody. If it is closed to others while it is still empty, it is as safe as a folder made by us. */
function isPrivateNow(folder: string): boolean {
  if (readdirSync(folder).length > 0) return false;
  chmodSync(folder, isRoot() ? 0o711 : 0o700);
  return readdirSync(folder).length === 0;
}

function look(folder: string): Stats {
  try {
    return lstatSync(folder);
  } catch (error) {
    throw new UserError(`The runtime folder ${folder} cannot be used (${(error as NodeJS.ErrnoException).code}): choose another with --runtime-dir.`);
  }
}

/** Workers run under an account of their own: they must be able to pass through the folder, not to list it. */
function openForWorkers(folder: string): void {
  chmodSync(folder, (lstatSync(folder).mode & 0o777) | 0o711);
  for (let above = dirname(folder); above !== "/"; above = dirname(above)) {
    const { mode } = statSync(above);
    if ((mode & 0o001) === 0) {
      throw new UserError(`nginx's workers cannot reach ${folder}, because ${above} is closed to others: choose another with --runtime-dir.`);
    }
    if ((mode & 0o002) !== 0 && (mode & STICKY) === 0) {
      throw new UserError(`Everybody may write in ${above} and so replace the runtime folder ${folder}: choose another with --runtime-dir.`);
    }
  }
}

function ourUid(): number {
  return process.getuid?.() ?? 0;
}

function isRoot(): boolean {
  return ourUid() === 0;
}
