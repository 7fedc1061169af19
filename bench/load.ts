/** Load: wrk for HTTP/1.1 with and without TLS, h2load for HTTP/2. */
import { fileURLToPath } from "node:url";
import { LOAD_CORE, runPinned } from "./processes.ts";

export interface Load {
  readonly port: number;
  readonly protocol: "http" | "https" | "h2";
  /** Host asked for; with `hosts` a format with `%d`. */
  readonly host: string;
  readonly hosts?: number;
  /** `/` when absent. */
  readonly path?: string;
  /** More request headers, `name: value`. */
  readonly headers?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Milliseconds that each connection waits before each request; absent: none. */
  readonly pause?: number;
}

export interface Loaded {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Connections, reads, writes that failed and statuses other than 2xx and 3xx. */
  readonly failed: number;
}

const SCRIPT = fileURLToPath(new URL("load.lua", import.meta.url));

export function makeLoad(load: Load): Promise<Loaded> {
  return load.protocol === "h2" ? h2load(load) : wrk(load);
}

async function wrk(load: Load): Promise<Loaded> {
  const { port, protocol, host, hosts = 1, path = "/", headers = [], connections, seconds, pause = 0 } = load;
  const text = await runPinned(
    LOAD_CORE,
    ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", SCRIPT, `${protocol}://127.0.0.1:${port}/`, "--", host, `${hosts}`, path, `${pause}`, ...headers],
    (seconds + 20) * 1000,
  );
  const line = text.split("\n").find((one) => one.startsWith("{")) ?? "{}";
  const { requests = 0, micros = 1, p50 = 0, p99 = 0, failed = 0 } = JSON.parse(line) as Record<string, number>;
  return { requests, perSecond: (requests / micros) * 1e6, p50Micros: p50, p99Micros: p99, failed };
}

/** h2load counts no percentiles: only its mean time per request is known. */
async function h2load({ port, host, headers = [], connections, seconds }: Load): Promise<Loaded> {
  const text = await runPinned(
    LOAD_CORE,
    ["h2load", "-t1", `-c${connections}`, "-m4", "--duration", `${seconds}`, "--warm-up-time", "0", `--header=:authority: ${host}`,
      ...headers.map((header) => `--header=${header}`), `https://127.0.0.1:${port}/`],
    (seconds + 20) * 1000,
  );
  const [, done = "0", failed = "0", errored = "0"] =
    /requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored/.exec(text) ?? [];
  const [, ok = "0"] = /status codes: (\d+) 2xx/.exec(text) ?? [];
  return {
    requests: Number(done),
    perSecond: Number(done) / seconds,
    p50Micros: NaN,
    p99Micros: NaN,
    failed: Number(failed) + Number(errored) + Math.max(0, Number(done) - Number(ok)),
  };
}
