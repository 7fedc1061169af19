/**
 * What all proxies of the benchmark lead to: an nginx that says one word, and a WebSocket echo. They share a processor with
 * the load, so that what they cost does not count.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePorts } from "../test/support/sluice.ts";
import { openFolder, opens } from "./openings.ts";
import { LOAD_CORE, startPinned } from "./processes.ts";
import type { Site } from "./site/site.ts";

/** Ports of 127.0.0.1. */
export interface Backend {
  /** Answers `first`, and has `/4k`, `/1m`, `/empty`, `/upload` and `/rewritten`. */
  readonly first: number;
  /** Answers `second`. */
  readonly second: number;
  /** HTTP/2 without TLS: answers any call of gRPC with an empty message. */
  readonly grpc: number;
  /** Lets every request in but those with `X-Deny`. */
  readonly authentication: number;
}

/** Starts the nginx. @param dir a folder that does not exist yet. */
export async function startBackend(dir: string): Promise<Backend> {
  const [first, second, grpc, authentication = 0] = await freePorts(4);
  openFolder(dir);
  writeFileSync(`${dir}/4k`, "x".repeat(4096));
  writeFileSync(`${dir}/1m`, "x".repeat(1 << 20));
  // A message of gRPC: not compressed, of length 0.
  writeFileSync(`${dir}/message`, Buffer.alloc(5));
  const words: Readonly<Record<string, string | number>> = { dir, first, second, grpc, authentication };
  const conf = readFileSync(new URL("backend.conf", import.meta.url), "utf8").replace(/@(\w+)@/g, (_, word: string) => String(words[word]));
  writeFileSync(`${dir}/nginx.conf`, conf);
  const child = startPinned(LOAD_CORE, ["nginx", "-p", dir, "-c", `${dir}/nginx.conf`], `${dir}/log`);
  if (!(await opens(second, child))) throw new Error(`the backend did not start:\n${readFileSync(`${dir}/log`, "utf8")}`);
  return { first, second, grpc, authentication };
}

/** Starts the WebSocket echo; gives its port. */
export async function startWebSocketEcho(dir: string): Promise<number> {
  const [port] = await freePorts(1);
  openFolder(dir);
  const child = startPinned(LOAD_CORE, [process.execPath, fileURLToPath(new URL("load/websocket-echo.ts", import.meta.url)), String(port)], `${dir}/log`);
  if (!(await opens(port, child))) throw new Error(`the WebSocket echo did not start:\n${readFileSync(`${dir}/log`, "utf8")}`);
  return port;
}

export function poolsOf(backend: Backend, websocket: number): Site["pools"] {
  const { first, second, grpc } = backend;
  return { first: [first], second: [second], both: [first, second], grpc: [grpc], websocket: [websocket] };
}
