/**
 * Tries whether the ports are free that nginx is about to open. One port that is taken would make nginx refuse the
 * whole configuration, so each is tried first, and the controller is told which to leave out.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Listen } from "../protocol.ts";

const PATIENCE_MS = 500;
const STEP_MS = 25;

export class PortsTaken extends Error {
  /** Id of a listener → why its port cannot be had (`EADDRINUSE`). */
  readonly ports: Readonly<Record<string, string>>;

  constructor(ports: Readonly<Record<string, string>>) {
    super(`ports cannot be had: ${Object.keys(ports).join(", ")}`);
    this.ports = ports;
  }
}

/** Rejects with PortsTaken when ports are taken; those in `held` are not tried, because nginx has them already. */
export async function requireFree(listens: readonly Listen[], held: readonly Listen[]): Promise<void> {
  const ours = new Set(held.map(keyOf));
  const problems = new Map<string, string>();
  const tries = listens.filter((listen) => !ours.has(keyOf(listen))).map(async (listen) => {
    const problem = await tryForAMoment(listen);
    if (problem !== undefined) problems.set(listen.id, problem);
  });
  await Promise.all(tries);
  if (problems.size > 0) throw new PortsTaken(Object.fromEntries(problems));
}

function keyOf({ protocol, host, port }: Listen): string {
  return `${protocol} ${host} ${port}`;
}

/** Tries for a moment, because a worker that was replaced just now may not have let go of the port yet. */
async function tryForAMoment(listen: Listen): Promise<string | undefined> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(STEP_MS)) {
    const problem = await tryPort(listen);
    if (problem !== "EADDRINUSE" || Date.now() > deadline) return problem;
  }
}

/** Opens and closes the port; answers the code of the error, or undefined when it is free. */
function tryPort(listen: Listen): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    if (listen.protocol === "udp") tryUdp(listen, failed, () => resolve(undefined));
    else tryTcp(listen, failed, () => resolve(undefined));
  });
}

function tryTcp({ host, port }: Listen, failed: (error: NodeJS.ErrnoException) => void, done: () => void): void {
  const server = createServer((connection) => connection.destroy());
  server.once("error", failed);
  server.listen({ host, port, ipv6Only: host.includes(":") }, () => server.close(done));
}

function tryUdp({ host, port }: Listen, failed: (error: NodeJS.ErrnoException) => void, done: () => void): void {
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", ipv6Only: host.includes(":") });
  socket.once("error", (error: NodeJS.ErrnoException) => {
    socket.close();
    failed(error);
  });
  socket.bind({ port, address: host, exclusive: true }, () => socket.close(done));
}
