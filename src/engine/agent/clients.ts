/** Whether somebody is connected, as Linux tells it (proc(5), /proc/net/tcp). */
import { createReadStream, existsSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";

/** Listening sockets come first in either file. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTENING = "0A";
const ESTABLISHED = "01";

/**
 * Whether a connection to the port of one of these listening sockets is established. True too if this cannot be read.
 * The longer the list of connections is, the sooner one is found.
 * @param listeners file descriptors of this process.
 */
export async function hasClients(listeners: readonly number[]): Promise<boolean> {
  if (listeners.length === 0) return true;
  try {
    const inodes = new Set(listeners.map(inodeOf));
    const ports = new Set<string>();
    for (const table of TABLES) if (existsSync(table) && (await hasConnection(table, inodes, ports))) return true;
    return ports.size === 0;
  } catch {
    return true;
  }
}

function inodeOf(listener: number): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${listener}`))?.[1];
}

/** @param ports of the listening sockets; those of this table are added. */
async function hasConnection(table: string, inodes: ReadonlySet<string | undefined>, ports: Set<string>): Promise<boolean> {
  const file = createReadStream(table, "latin1");
  try {
    for await (const line of createInterface({ input: file })) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const port = local.slice(local.lastIndexOf(":") + 1);
      if (state === LISTENING && inodes.has(inode)) ports.add(port);
      else if (state === ESTABLISHED && ports.has(port)) return true;
    }
    return false;
  } finally {
    file.destroy();
  }
}
