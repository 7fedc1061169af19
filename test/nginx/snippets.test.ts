/**
 * Snippets where the operator allows them: nginx tests each one alone before it is used, and a bad one closes its own
 * routes while all others are served.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const ALLOWED = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "worker-processes": "1" };
const SYNTAX = "add_header X;";
const DUPLICATE = "client_max_body_size 1m; client_max_body_size 2m;";
const UNBALANCED = "} location /stolen { return 200 stolen; ";

let echo: EchoBackend;
let sluice: Sluice;

const host = (name: string, snippet?: string): Record<string, string> => ({
  [`${name}.yaml`]: site({
    name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`],
    ...(snippet === undefined ? {} : { annotations: { "configuration-snippet": snippet } }),
  }),
});
const statusOf = async (name: string, path = "/"): Promise<number> => (await ask({ port: sluice.http, host: `${name}.example`, path })).status;
const findings = async (): Promise<readonly Finding[]> => JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
const said = async (name: string): Promise<string> =>
  (await findings()).filter(({ object, code }) => object.name === name && code.startsWith("snippet")).map(({ code, sentence }) => `${code}: ${sentence}`).join();

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: { "settings.yaml": configMap(ALLOWED), ...host("plain"), ...host("early", SYNTAX) },
    args: ["--configmap=sluice/sluice", "--reload-interval=0"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

test("one that is bad from the start stops nobody else", async () => {
  await sluice.sync();
  assert.equal(await statusOf("early"), 503);
  assert.equal(await statusOf("plain"), 200);
});

test("a syntax error, a duplicate, an unbalanced brace and a good one, together: three are closed", async () => {
  await sluice.apply({
    ...host("syntax", SYNTAX),
    ...host("duplicate", DUPLICATE),
    ...host("unbalanced", UNBALANCED),
    ...host("good", 'more_set_headers "X-Good: $host";'),
    ...host("later"),
  });
  for (const bad of ["syntax", "duplicate", "unbalanced"]) assert.equal(await statusOf(bad), 503, bad);
  for (const name of ["plain", "later", "good"]) assert.equal(await statusOf(name), 200, name);
  assert.equal((await ask({ port: sluice.http, host: "good.example" })).headers["x-good"], "good.example");
  assert.equal(await statusOf("plain", "/stolen"), 200);
  assert.equal((await ask({ port: sluice.http, host: "plain.example", path: "/stolen" })).echo?.path, "/stolen");
});

test("the findings quote nginx, in one line, without the place", async () => {
  assert.equal(await said("syntax"), 'snippet-fails: nginx refuses the text of configuration-snippet: invalid number of arguments in "add_header" directive');
  assert.match(await said("duplicate"), /^snippet-fails: .*"client_max_body_size" directive is duplicate; client_max_body_size \S+ → proxy-body-size: "\S+"$/);
  assert.match(await said("unbalanced"), /^snippet-unreadable: .*"}" that closes nothing/);
  assert.equal(await said("good"), "");
  assert.doesNotMatch(sluice.log(), /nginx refuses its new configuration/);
});

test("one that was mended is served", async () => {
  const { reloads } = await sluice.apply(host("syntax", "add_header X mended;"));
  assert.equal((await ask({ port: sluice.http, host: "syntax.example" })).headers["x"], "mended");
  assert.equal(await said("syntax"), "");
  const again = await sluice.apply(host("plain"));
  assert.equal(again.reloads, reloads);
});

test("without the operator's keys they are refused as a whole, with them they are back", async () => {
  await sluice.apply({ "settings.yaml": configMap({ "worker-processes": "1" }) });
  for (const name of ["good", "syntax", "duplicate"]) assert.equal(await statusOf(name), 404, name);
  assert.equal(await statusOf("plain"), 200);
  await sluice.apply({ "settings.yaml": configMap({ ...ALLOWED, "hide-headers": "X-Backend" }) });
  assert.equal(await statusOf("good"), 200);
  assert.equal(await statusOf("duplicate"), 503);
  assert.match(await said("duplicate"), /^snippet-fails/);
});

test("a new controller takes over what nginx runs, snippets included", async () => {
  const { workers } = await sluice.generation();
  sluice.process.kill("SIGKILL");
  sluice = await startSluice({ successorOf: sluice, args: ["--configmap=sluice/sluice", "--reload-interval=0"] });
  await sluice.sync();
  assert.equal((await ask({ port: sluice.http, host: "good.example" })).headers["x-good"], "good.example");
  assert.equal(await statusOf("duplicate"), 503);
  assert.equal((await sluice.generation()).workers, workers);
});
