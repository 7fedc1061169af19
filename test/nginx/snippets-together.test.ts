/**
 * Snippets that nginx accepts alone and refuses together: the routes of the last one are closed, all others are served.
 *
 * nginx as Debian has it knows no such pair (docs/decisions/012-snippets-tested-alone.md), so here its test refuses a
 * configuration in which two markers meet; everything else is real.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const ALLOWED = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "worker-processes": "1" };

let echo: EchoBackend;
let sluice: Sluice;
let folder: string;

const host = (name: string, snippet?: string): Record<string, string> => ({
  [`${name}.yaml`]: site({
    name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`],
    ...(snippet === undefined ? {} : { annotations: { "configuration-snippet": snippet } }),
  }),
});
const marked = (name: string, marker: string): Record<string, string> => host(name, `add_header X-Marker ${marker};`);
const statusOf = async (name: string): Promise<number> => (await ask({ port: sluice.http, host: `${name}.example` })).status;
const said = async (name: string): Promise<string> =>
  (JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[]).filter(({ object }) => object.name === name).map(({ code, sentence }) => `${code}: ${sentence}`).join();

/** The real nginx, except that its test refuses a configuration with both a `tea` and a `milk`. */
function pickyNginx(): string {
  const file = join(folder, "nginx");
  const together = `grep -q "X-Marker tea" "$6" && grep -q "X-Marker milk" "$6"`;
  writeFileSync(file, `#!/bin/sh\n[ "$1" = -t ] && ${together} && { echo "nginx: [emerg] milk does not go with tea in $6:1" >&2; exit 1; }\nexec "${NGINX_BINARY}" "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "picky-"));
  echo = await startEcho("web");
  sluice = await startSluice({
    files: { "settings.yaml": configMap(ALLOWED), ...host("plain"), ...marked("tea", "tea"), ...marked("water", "water") },
    args: ["--configmap=sluice/sluice", "--reload-interval=0"],
    env: { NGINX_BINARY: pickyNginx() },
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the last one is closed with nginx's words, the others are served, new ones too", async () => {
  await sluice.sync();
  await sluice.apply({ ...marked("milk", "milk"), ...marked("juice", "juice"), ...host("later") });
  assert.equal(await statusOf("milk"), 503);
  for (const name of ["plain", "tea", "water", "juice", "later"]) assert.equal(await statusOf(name), 200, name);
  assert.equal(await said("milk"), "snippet-fails: nginx refuses the text of configuration-snippet: together with other snippets: milk does not go with tea");
  assert.equal(await said("tea"), "");
  assert.equal((await sluice.ask("/readyz")).status, 200);
  assert.doesNotMatch((await sluice.ask("/api/v1/findings")).text, /engine-refused/);
});

test("what snippets share is variables: however they make one of the same name, they go together", async () => {
  const ways = ["set $same a;", 'if ($uri ~ "^/(?<same>.*)$") { add_header X-Same $same; }', "auth_request_set $same $upstream_status;", 'set $same b; if ($same = b) { set $same c; }'];
  await sluice.apply(Object.assign({}, ...ways.map((snippet, index) => host(`way${index}`, snippet))));
  for (const index of ways.keys()) assert.deepEqual([await statusOf(`way${index}`), await said(`way${index}`)], [200, ""]);
});

test("a variable that stands for a header, cookie or argument of every request is nobody's to set", async () => {
  await sluice.apply({ ...host("sees", "add_header X-Seen $http_x_probe;"), ...host("takes", "set $http_x_probe taken;"), ...host("groups", 'if ($uri ~ "(?<http_x_probe>.)") { set $a b; }') });
  assert.equal((await ask({ port: sluice.http, host: "sees.example", headers: { "X-Probe": "mine" } })).headers["x-seen"], "mine");
  assert.deepEqual([await statusOf("takes"), await statusOf("groups")], [503, 503]);
  assert.match(await said("takes"), /^snippet-forbidden: configuration-snippet may not use set, which would change \$http_x_probe for every host$/);
});

test("who mends it is served; two more at once are found one after the other", async () => {
  await sluice.apply(marked("milk", "cream"));
  assert.equal(await statusOf("milk"), 200);
  await sluice.apply({ ...marked("milk2", "milk2"), ...marked("milk3", "milk3"), ...host("latest") });
  assert.deepEqual([await statusOf("milk2"), await statusOf("milk3")], [503, 503]);
  for (const name of ["plain", "tea", "milk", "latest"]) assert.equal(await statusOf(name), 200, name);
});
