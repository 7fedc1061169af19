/** X-Forwarded-Prefix on real nginx: it holds groups of the path, and no path of a client breaks the header. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { selfSigned } from "../../src/engine/agent/default-certificate.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { builtOf, modelOf, patternRouting } from "../properties/programs.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { startEngine, type TestEngine } from "../support/engine.ts";

let engine: TestEngine;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  engine = await startEngine();
});
after(async () => {
  await engine?.stop();
  await echo?.close();
});

test("the header has groups of the path, and is left out where a client's path would break it", async () => {
  const given = patternRouting(["x"]);
  const pieces = ["/", { group: 1 }, { group: "rest" }, { variable: "arg_tenant" }];
  const edge = { prefix: { pattern: "(?i)/(api|app)(?<rest>/[^/]*)?", pieces } };
  const hosts = given.hosts.map((host) => ({ ...host, root: { ...host.root, canaries: [], filters: { ...host.root.filters, edge } } }));
  const { certificate: chain, key } = selfSigned(new Date());
  const origin = { kind: "Secret", namespace: "t", name: "tls", field: "data" };
  const certificate = { id: "c", chain, key: new PrivateBytes(key), notAfter: new Date(), origin };
  const model = modelOf({ ...given, hosts }, { ...DEFAULT_CONFIG, disableAccessLog: true }, () => echo.port, certificate);
  const { program, changed } = createCompiler().compile(builtOf(model, undefined));
  await engine.run(program, changed);
  const seen = async (path: string): Promise<string | undefined> =>
    (await ask({ port: engine.http, host: "h0.example", path, headers: { "x-forwarded-prefix": "/theirs" } })).echo?.headers["x-forwarded-prefix"];
  assert.equal(await seen("/api/v1/x"), "/api/v1");
  assert.equal(await seen("/App?tenant=a"), "/Appa");
  assert.equal(await seen("/other"), "/");
  assert.equal(await seen("/api/a%0d%0ax:y"), undefined);
});
