/** A number of requests, or of handshakes, that is exact. */
import { spawn } from "node:child_process";
import { connect, type TLSSocket } from "node:tls";
import type { Workload } from "./workloads.ts";

/** Connections that stay open, and HTTP/2's streams at a time on each. */
const CONNECTIONS = 16;
const STREAMS = 8;

export interface Ports {
  readonly http: number;
  readonly https: number;
}

/** Rejects unless each request was answered with 2xx. */
export async function send(workload: Workload, ports: Ports, count: number): Promise<void> {
  const { manner } = workload;
  if (manner === "handshake" || manner === "resumed") return await shakeHands(workload.host, ports.https, count, manner === "resumed");
  const scheme = manner === "http" ? "http" : "https";
  const text = await run("h2load", [
    "-t1", `-c${CONNECTIONS}`, `-n${count}`, ...(manner === "h2" ? [`-m${STREAMS}`] : ["--h1"]), `--connect-to=127.0.0.1:${ports[scheme]}`,
    ...workload.headers.map((header) => `--header=${header}`), `${scheme}://${workload.host}${workload.path}`,
  ]);
  const [, ok] = /status codes: (\d+) 2xx/.exec(text) ?? [];
  if (Number(ok) !== count) throw new Error(`${workload.id}: ${ok} of ${count} requests were answered with 2xx\n${text}`);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(text) : reject(new Error(`${command} ended with ${code}: ${text}`))));
  });
}

/** One after the other. A resumption takes a session of a connection before, which is made by a full handshake that is counted with the rest. */
async function shakeHands(host: string, port: number, count: number, resumed: boolean): Promise<void> {
  let session: Buffer | undefined;
  for (let i = 0; i < count; i++) {
    const before = session;
    const [socket, next] = await handshake(host, port, resumed ? before : undefined);
    if (before !== undefined && resumed && !socket.isSessionReused()) throw new Error("the session was not resumed");
    session = next ?? session;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.end();
    await closed;
  }
}

/** A connection, and the session that its server gave it. */
async function handshake(host: string, port: number, session: Buffer | undefined): Promise<[TLSSocket, Buffer | undefined]> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername: host, rejectUnauthorized: false, ...(session === undefined ? {} : { session }) });
    let given: Buffer | undefined;
    socket.once("error", reject);
    // The server sends two sessions after the handshake; both are waited for, so that all of the handshake is counted.
    socket.on("session", (one: Buffer) => {
      if (given !== undefined || session !== undefined) resolve([socket, one]);
      given = one;
    });
    socket.resume();
  });
}
