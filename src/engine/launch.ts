/**
 * Starts an agent as a process of its own, with the listening sockets open.
 *
 * The process that launches the agent opens the sockets, so that a port that is taken is reported at once and in plain
 * words. The agent gets the sockets as file descriptors (3, 4, …) and hands them to every nginx that it starts.
 */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { UserError } from "../support/user-error.ts";

/**
 * Connections that may wait to be accepted: as many as the kernel allows (net.core.somaxconn), to which it lowers the number.
 * nginx.conf says the same of the sockets that nginx opens itself (src/compile/nginx-conf.ts).
 */
const BACKLOG = 65_535;

export interface ListenAddress {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The flag that set the port, for the error message. */
  readonly flag: string;
}

export interface LaunchOptions {
  readonly addresses: readonly ListenAddress[];
  /** Paths of unix sockets between the two nginx (UNIX_SOCKETS), in a folder that lets nobody else pass. */
  readonly sockets: readonly string[];
  /** Arguments of the agent's command line, without the sockets. */
  readonly command: readonly string[];
  /** File that gets what the agent and nginx print; absent: ours. */
  readonly output: string | undefined;
}

/** Keeps the agent small: nearly all that passes through it is garbage at once, and V8 would let much of that gather. */
const AGENT_FLAGS = ["--max-semi-space-size=1"];

/** Answers the agent's pid. Throws a UserError when a port cannot be had. */
export async function launchAgent({ addresses, sockets, command, output }: LaunchOptions): Promise<number> {
  const servers: Server[] = [];
  let file: number | undefined;
  try {
    for (const address of addresses) {
      servers.push(await listen(address));
    }
    for (const path of sockets) servers.push(await listenOn(path));
    file = output === undefined ? undefined : openSync(output, "a", 0o640);
    const out = file ?? "inherit";
    const child = spawn(process.execPath, [...AGENT_FLAGS, ...command, `--listeners=${addresses.length}+${sockets.length}`], {
      detached: true,
      stdio: ["ignore", out, out, ...servers.map(descriptor)],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", (error) => reject(new UserError(`The agent cannot be started: ${error.message}`)));
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    child.unref();
    return pid;
  } finally {
    if (file !== undefined) closeSync(file);
    closeHere(servers, sockets);
  }
}

/**
 * Closes the sockets in this process. Node removes the path of a unix socket when it closes it, though the agent still
 * has it open: so the path is renamed meanwhile.
 */
function closeHere(servers: readonly Server[], sockets: readonly string[]): void {
  const there = sockets.filter((path) => existsSync(path));
  for (const path of there) renameSync(path, `${path}.kept`);
  for (const server of servers) server.close();
  for (const path of there) renameSync(`${path}.kept`, path);
}

async function listenOn(path: string): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog: BACKLOG }, resolve);
  });
  chmodSync(path, 0o666);
  return server;
}

/** Node does not document it, but a listening server knows its file descriptor. */
function descriptor(server: Server): number {
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  if (!Number.isInteger(fd) || fd < 0) throw new Error("this Node does not tell the descriptor of a listening socket");
  return fd;
}

async function listen({ host, port, flag }: ListenAddress): Promise<Server> {
  const server = createServer((connection) => connection.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, backlog: BACKLOG, ipv6Only: host.includes(":") }, resolve);
    });
    return server;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError(sentence(code, host, port, flag, error as Error));
  }
}

function sentence(code: string | undefined, host: string, port: number, flag: string, error: Error): string {
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return `${where} is in use by another process, so nothing can be served there: stop that process or choose another port with ${flag}.`;
    case "EACCES":
      return `${where} needs privileges that this user does not have: run as root, or choose a port above 1023 with ${flag}.`;
    case "EADDRNOTAVAIL":
      return `${where} is not an address of this machine: choose another with --bind-address.`;
    default:
      return `${where} cannot be listened on (${error.message}): choose another address or port with --bind-address and ${flag}.`;
  }
}
