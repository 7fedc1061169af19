/** Load: wrk for HTTP/1.1 with and without TLS, h2load for HTTP/2 and gRPC, and clients of our own (`load/`) for what those cannot do. */
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LOAD_CORE, runPinned } from "./processes.ts";

/** `paced` asks at a fixed rate; each other one as fast as it is answered. */
export type LoadTool = "wrk" | "h2load" | "handshakes" | "websockets" | "paced";

export interface Load {
  readonly port: number;
  /** `h2` is HTTP/2 over TLS, and means h2load when no tool is named. */
  readonly protocol: "http" | "https" | "h2";
  /** Absent: wrk. */
  readonly tool?: LoadTool;
  /** Host asked for; with `hosts` a format with `%d`. */
  readonly host: string;
  readonly hosts?: number;
  /** `/` when absent. */
  readonly path?: string;
  /** More request headers, `name: value`. */
  readonly headers?: readonly string[];
  /** Bytes of the body of each request; absent or 0: none, and GET. */
  readonly body?: number;
  readonly connections: number;
  readonly seconds: number;
  /** wrk: milliseconds that each connection waits before each request; absent: none. */
  readonly pause?: number;
  /** handshakes: each takes up the session of the one before; absent: none does. */
  readonly resumed?: boolean;
  /** paced: requests a second. */
  readonly rate?: number;
}

export interface Loaded {
  /** Requests, or handshakes with a request each, or messages. */
  readonly requests: number;
  readonly perSecond: number;
  /** NaN where the tool tells no percentiles. From sending to the answer; with `paced` from when it was due to be sent. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  /** Connections, reads, writes that failed and statuses other than 2xx and 3xx. */
  readonly failed: number;
  /** paced: requests that were sent more than a millisecond after they were due. */
  readonly late: number;
}

const pathOf = (file: string): string => fileURLToPath(new URL(`load/${file}`, import.meta.url));
/** What a program gets to start and end, beside the seconds of the load. */
const MARGIN_MS = 20_000;

export function makeLoad(load: Load): Promise<Loaded> {
  switch (load.tool ?? (load.protocol === "h2" ? "h2load" : "wrk")) {
    case "wrk":
      return wrk(load);
    case "h2load":
      return h2load(load);
    case "handshakes":
      return ours("handshakes.ts", load);
    case "websockets":
      return ours("websockets.ts", load);
    case "paced":
      // It never sleeps, so the backend, which shares its processor, goes first.
      return ours("paced.ts", load, "nice", "-n", "10");
  }
}

async function wrk(load: Load): Promise<Loaded> {
  const { port, protocol, host, hosts = 1, path = "/", headers = [], body = 0, connections, seconds, pause = 0 } = load;
  const url = `${protocol}://${host.replace("%d", "0")}:${port}/`;
  const script = [host, hosts, path, pause, body, ...headers].map(String);
  return fromLine(await runPinned(LOAD_CORE, ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", pathOf("load.lua"), url, "--", ...script], seconds * 1000 + MARGIN_MS));
}

/** One of our clients, which takes the load as JSON. @param before what it is started with. */
async function ours(file: string, load: Load, ...before: readonly string[]): Promise<Loaded> {
  return fromLine(await runPinned(LOAD_CORE, [...before, process.execPath, pathOf(file), JSON.stringify(load)], load.seconds * 1000 + MARGIN_MS));
}

/** What load.lua and our clients print: one line of JSON. */
export interface LoadLine {
  readonly requests: number;
  readonly micros: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly failed: number;
  readonly late?: number;
}

function fromLine(text: string): Loaded {
  const line = text.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined) throw new Error(`the load wrote no result: ${text.slice(-500)}`);
  const { requests, micros, p50, p99, p999, failed, late = 0 } = JSON.parse(line) as LoadLine;
  return { requests, perSecond: (requests / Math.max(1, micros)) * 1e6, p50Micros: p50, p99Micros: p99, p999Micros: p999, failed, late };
}

/** h2load counts no percentiles: only its mean time per request is known. */
async function h2load({ port, host, path = "/", headers = [], body = 0, connections, seconds }: Load): Promise<Loaded> {
  const text = await runPinned(
    LOAD_CORE,
    ["h2load", "-t1", `-c${connections}`, "-m4", "--duration", `${seconds}`, "--warm-up-time", "0", `--connect-to=127.0.0.1:${port}`, `--header=:authority: ${host}`,
      ...headers.map((header) => `--header=${header}`), ...(body > 0 ? [`--data=${bodyFile(body)}`] : []), `https://${host}:${port}${path}`],
    seconds * 1000 + MARGIN_MS,
  );
  const [, done = "0", failed = "0", errored = "0"] =
    /requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored/.exec(text) ?? [];
  const [, ok = "0"] = /status codes: (\d+) 2xx/.exec(text) ?? [];
  return {
    requests: Number(done),
    perSecond: Number(done) / seconds,
    p50Micros: NaN,
    p99Micros: NaN,
    p999Micros: NaN,
    failed: Number(failed) + Number(errored) + Math.max(0, Number(done) - Number(ok)),
    late: 0,
  };
}

const BODIES = new Map<number, string>();
process.once("exit", () => BODIES.forEach((path) => rmSync(path, { force: true })));

/** A file of so many bytes that are 0: an empty message of gRPC is five of them. Gone when this process ends. */
function bodyFile(bytes: number): string {
  const path = BODIES.get(bytes) ?? `/dev/shm/sluice-bench-body-${process.pid}-${bytes}`;
  if (!BODIES.has(bytes)) writeFileSync(path, Buffer.alloc(bytes));
  BODIES.set(bytes, path);
  return path;
}
