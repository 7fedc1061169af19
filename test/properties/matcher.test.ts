/**
 * One matcher, two runtimes: generated requests on generated routing get the same answer from nginx and from the
 * matcher on Node, which `sluice explain` uses. Where the two differ in reading a request, nginx is right.
 *
 * SEED=… repeats a run, RUNS=… makes it longer.
 */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { decide } from "../../edge/src/match.ts";
import { locationOf } from "../../edge/src/redirect.ts";
import { withQuery } from "../../edge/src/rewrite-target.ts";
import type { Tables } from "../../edge/src/tables.ts";
import { canariesOf } from "../../src/model/shapes/routing.ts";
import { createCompiler, type Program } from "../../src/compile/program.ts";
import { selfSigned } from "../../src/engine/agent/default-certificate.ts";
import { unboundedSearch } from "../support/unbounded-search.ts";
import { explain } from "../../src/explain/explain.ts";
import { view } from "../../src/explain/view.ts";
import { differs, inquiryAbout } from "../../src/explain/live.ts";
import { translatePattern } from "../../src/explain/pattern.ts";
import { readRequest, type ExplainedRequest } from "../../src/explain/request.ts";
import { tablesOf } from "../support/tables.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import type { Certificate } from "../../src/model/shapes/routing.ts";
import type { Model } from "../../src/model/model.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { UserError } from "../../src/support/user-error.ts";
import { startEngine, type TestEngine } from "../support/engine.ts";
import { rawClient, type RawAnswer, type RawClient } from "../support/raw-http.ts";
import { builtOf, modelOf, pattern, patternRouting, POOLS, routing, type Routing } from "./programs.ts";
import { requestChoice, requestOf, wire, type Request } from "./requests.ts";
import { runs } from "../support/runs.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = runs(160);
const REQUESTS = 60;

const CONFIG = { ...DEFAULT_CONFIG, workerProcesses: 2, disableAccessLog: true, keepAliveRequests: 100_000 };

let engine: TestEngine;
const pools = new Map<string, Server>();
const clients: { plain?: RawClient; tls?: RawClient } = {};
const compiler = createCompiler();
const certificate = madeCertificate();
let last: Model | undefined;
/** The number of requests that a canary took. */
let canaries = 0;
/** The number of requests whose path was rewritten. */
let rewrites = 0;

before(async () => {
  for (const pool of POOLS) pools.set(pool, await startPool(pool));
  engine = await startEngine();
  clients.plain = rawClient(engine.http);
  clients.tls = rawClient(engine.https, { serverName: "a.example.com" });
});
after(async () => {
  clients.plain?.close();
  clients.tls?.close();
  await engine?.stop();
  for (const server of pools.values()) server.close();
});

/** What nginx or Node decides: a status of Sluice's own (and the Location of a redirect), or a pool and the target that it is sent. */
interface Verdict {
  readonly status?: number;
  readonly location?: string;
  readonly pool?: string;
  readonly target?: string;
}

test("patterns that Node runs mean the same to nginx's PCRE", { timeout: 120_000 }, async () => {
  const patterns = fc.sample(pattern, { seed: SEED, numRuns: 2000 });
  const given = patternRouting([...new Set(patterns)].filter(translatePattern).slice(0, 300));
  const world = await run(given);
  let compared = 0;
  for (const [index, { root }] of given.hosts.entries()) {
    for (const value of ["a", "v12", "aab1", "b-a", "a b", "1\t2", "\u00e9", "", "x{a}]"]) {
      const request: Request = { tls: false, host: `h${index}.example`, target: "/", headers: [`test: ${value}`], absolute: false };
      const onNode = decideOnNode(world, request);
      compared++;
      const what = `${canariesOf(root.backend)[0]?.headerPattern} on ${JSON.stringify(value)}`;
      assert.deepEqual(await askNginx(request), onNode, `nginx (actual) and Node (expected) differ about ${what}`);
    }
  }
  console.log(`${compared} answers of ${given.hosts.length} patterns`);
});

// Last: where it fails, it looks for a smaller case on the same nginx until its time is over.
test("nginx and Node decide alike", { timeout: 240_000 }, async () => {
  console.log(`SEED=${SEED}`);
  let asked = 0;
  const seen = new Map<string, number>();
  const cases = fc.asyncProperty(routing, fc.array(requestChoice, { minLength: REQUESTS, maxLength: REQUESTS, size: "max" }), async (given, choices) => {
    const world = await run(given);
    for (const choice of choices) {
      const request = requestOf(choice, given);
      const onNode = decideOnNode(world, request);
      if (onNode === undefined) continue;
      const inNginx = await askNginx(request);
      asked++;
      seen.set(kindOf(inNginx), (seen.get(kindOf(inNginx)) ?? 0) + 1);
      assert.deepEqual(inNginx, onNode, `nginx (actual) and Node (expected) differ about\n${wire(request)}`);
      if (onNode.status === 400) continue;
      const { status, objects, rules } = explain(world.model, world.program, readOnNode(request), [], { configmap: "", defaultBackendService: "", search: unboundedSearch });
      assert.equal(status, onNode.status);
      if (objects) assert.equal(rules?.filter(({ outcome }) => outcome === "takes").length, 1, `one rule takes\n${wire(request)}`);
      await agrees(world, request, onNode);
    }
  });
  await fc.assert(cases, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 120_000 });
  console.log(`${asked} requests on ${RUNS} programs: ${[...seen].map(([kind, count]) => `${count} ${kind}`).join(", ")}; ${canaries} by canaries, ${rewrites} rewritten`);
});

/** What `sluice explain --live` asks the workers, and what it expects them to reply, is what Node decides. */
async function agrees({ program, model }: World, request: Request, { pool, status = 0 }: Verdict): Promise<void> {
  const { question, expected } = inquiryAbout(readOnNode(request), program, model.config, unboundedSearch);
  assert.deepEqual([expected.pool, expected.status], [pool ?? "", status], wire(request));
  const replies = await engine.engine.ask(question);
  assert.equal(replies.length, CONFIG.workerProcesses, "every worker replies");
  assert.deepEqual(replies.filter((reply) => differs(reply, expected)), [], `workers differ from ${JSON.stringify(expected)} about\n${wire(request)}`);
}

function kindOf({ status, pool, location }: Verdict): string {
  if (pool !== undefined) return "proxied";
  return location === undefined ? `answered ${status}` : `redirected ${status}`;
}

interface World {
  readonly model: Model;
  readonly program: Program;
  readonly tables: Tables;
}

async function run(given: Routing): Promise<World> {
  const model = modelOf(given, CONFIG, (pool) => portOf(pools.get(pool)), certificate);
  const { program, changed } = compiler.compile(builtOf(model, last));
  last = model;
  await engine.run(program, changed);
  return { model, program, tables: tablesOf(program) };
}

/** The decision on Node; undefined: it depends on something that only nginx knows, and `explain` says so. */
function decideOnNode({ tables }: World, request: Request): Verdict | undefined {
  try {
    const read = readOnNode(request);
    const untold: string[] = [];
    const known = view(read, (total) => total, (one) => untold.push(one), undefined, unboundedSearch);
    const port = String(request.tls ? engine.https : engine.http);
    const asked = { ...known, variable: (name: string) => (name === "server_port" ? port : known.variable(name)) };
    const decision = { ...decide(tables, asked, read.host, read.path, read.https) };
    if (untold.length > 0) return undefined;
    if (decision.canary) canaries++;
    const rewritten = decision.route?.detour?.rewrite ? decision.uri : undefined;
    if (rewritten !== undefined) rewrites++;
    if (decision.pool) return { pool: decision.pool.name, target: rewritten === undefined ? request.target : withQuery(rewritten, asked.variable("args")) };
    const location = locationOf(decision, tables.settings, asked);
    return { status: decision.status, ...(location === undefined ? {} : { location }) };
  } catch (error) {
    if (error instanceof UserError && error.message.startsWith("nginx answers 400")) return { status: 400 };
    throw error;
  }
}

function readOnNode({ tls, target, host, headers }: Request): ExplainedRequest {
  return readRequest(`${tls ? "https" : "http"}://x${target}`, [`Host: ${host}`, ...headers]);
}

async function askNginx(request: Request): Promise<Verdict> {
  const client = request.tls ? clients.tls : clients.plain;
  const answer = (await client?.ask(wire(request))) as RawAnswer;
  const pool = answer.headers.get("x-pool");
  if (pool !== undefined) return { pool, target: answer.headers.get("x-target") ?? "" };
  const location = answer.headers.get("location");
  return { status: answer.status, ...(location === undefined ? {} : { location }) };
}

function madeCertificate(): Certificate {
  const { certificate: chain, key } = selfSigned(new Date());
  const origin = { kind: "Secret", namespace: "t", name: "tls", field: "data" };
  return { id: "c1", chain, key: new PrivateBytes(key), notAfter: new Date(Date.now() + 86_400_000), origin };
}

/** A backend that takes any bytes: it answers each request head with its name and the target it was asked for. */
function startPool(name: string): Promise<Server> {
  const server = createServer((socket: Socket) => {
    let pending = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (let end = pending.indexOf("\r\n\r\n"); end >= 0; end = pending.indexOf("\r\n\r\n")) {
        const target = pending.slice(pending.indexOf(" ") + 1, pending.indexOf(" HTTP/1."));
        pending = pending.slice(end + 4);
        socket.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Pool: ${name}\r\nX-Target: ${target}\r\n\r\n`, "latin1"));
      }
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function portOf(server: Server | undefined): number {
  return (server?.address() as AddressInfo | undefined)?.port ?? 0;
}
