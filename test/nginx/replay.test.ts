/** `sluice migrate replay` between two real Sluices that differ on purpose, by a log that the nginx of the first one wrote. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { configMap, site, tlsSecret, type Site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const FORMAT = '$host $scheme "$request" $status "$http_user_agent"';
const LOG = join("/dev/shm", `sluice-replay-${process.pid}.log`);
/** A copy that grows no more. */
const COPY = `${LOG}.copy`;
const USUAL_LOG = join("/dev/shm", `sluice-replay-usual-${process.pid}.log`);
/** Requests that the first Sluice gets and logs: host and path, over TLS or not. */
const ASKED: readonly (readonly [host: string, path: string, tls?: boolean])[] = [
  ["same.example", "/one?a=b"], ["same.example", "/one?a=b"], ["same.example", "/two"], ["same.example", "/two", true],
  ["permanent.example", "/x"], ["cors.example", "/x"], ["closed.example", "/x"], ["closed.example", "/y"], ["other.example", "/x"],
  ["gone.example", "/x"], ["secure.example", "/x"], ["secure.example", "/x", true], ["flapping.example", "/1"], ["flapping.example", "/2"],
];

/** A backend that says its name in a header, and nothing that differs from one answer to the next, unless it is asked for by another host. */
interface Named {
  readonly server: Server;
  readonly endpoint: string;
  /** Requests by host and path. */
  readonly asked: Map<string, number>;
}

async function startNamed(name: string): Promise<Named> {
  const asked = new Map<string, number>();
  let turn = 0;
  const server = createServer((request, response) => {
    const key = `${request.headers.host}${request.url}`;
    asked.set(key, (asked.get(key) ?? 0) + 1);
    response.writeHead(200, { "x-backend": name }).end(request.headers.host === "flapping.example" ? String(turn++) : "steady");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const backends: Named[] = [];
const sluices: Sluice[] = [];

function files(isNew: boolean, settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [blue = "", green = ""] = backends.map(({ endpoint }) => endpoint);
  const certificate = selfSigned(["secure.example"]);
  const secure = { tlsSecret: "secure", annotations: { "use-port-in-redirects": "true" } };
  const sites: readonly Site[] = [
    ...["same", "flapping"].map((name) => ({ name, host: `${name}.example`, endpoints: [blue] })),
    { name: "secure", host: "secure.example", endpoints: [blue], ...secure },
    { name: "permanent", host: "permanent.example", endpoints: [blue], annotations: { "permanent-redirect": "http://elsewhere.example/", ...(isNew ? { "permanent-redirect-code": "308" } : {}) } },
    { name: "cors", host: "cors.example", endpoints: [blue], annotations: isNew ? { "enable-cors": "true", "cors-allow-credentials": "false" } : {} },
    { name: "closed", host: "closed.example", endpoints: [blue], annotations: isNew ? { "whitelist-source-range": "10.9.9.9/32" } : {} },
    { name: "other", host: "other.example", endpoints: [isNew ? green : blue] },
    { name: "gone", host: "gone.example", endpoints: [blue], path: isNew ? "/other" : "/" },
  ];
  return {
    "settings.yaml": configMap({ "worker-processes": "1", ...settings, ...(isNew ? { "hsts-max-age": "77" } : {}) }),
    "secret.yaml": tlsSecret("secure", certificate),
    ...Object.fromEntries(sites.map((one) => [`${one.name}.yaml`, site(one)])),
  };
}

before(async () => {
  for (const name of ["blue", "green"]) backends.push(await startNamed(name));
  const args = ["--configmap=sluice/sluice"];
  sluices.push(await startSluice({ files: files(false, { "access-log-path": LOG, "log-format-upstream": FORMAT }), args }));
  sluices.push(await startSluice({ files: files(true, {}), args }));
  // It has the first one's objects, and the log format of ingress-nginx.
  sluices.push(await startSluice({ files: files(false, { "access-log-path": USUAL_LOG }), args }));
  const [first, , third] = sluices as [Sluice, Sluice, Sluice];
  for (const [host, path, tls = false] of ASKED) {
    await ask({ port: tls ? first.https : first.http, host, path, tls, headers: { "user-agent": 'a "browser"' } });
  }
  await ask({ port: third.http, host: "same.example", path: "/usual?q=1" });
  while (readFileSync(LOG, "utf8").split("\n").length <= ASKED.length || !readFileSync(USUAL_LOG, "utf8").includes("/usual")) await sleep(20);
  for (const file of [LOG, USUAL_LOG]) copyFileSync(file, `${file}.copy`);
});
after(async () => {
  for (const sluice of sluices) await sluice.stop();
  for (const { server } of backends) {
    server.closeAllConnections();
    server.close();
  }
  for (const file of [LOG, USUAL_LOG]) for (const one of [file, `${file}.copy`]) rmSync(one, { force: true });
});

function replay(old: Sluice, now: Sluice, ...args: readonly string[]): Promise<Ended> {
  for (const { asked } of backends) asked.clear();
  const listeners = [`--against=http://127.0.0.1:${old.http}`, `--against-https=https://127.0.0.1:${old.https}`, `--and=http://127.0.0.1:${now.http}`, `--and-https=https://127.0.0.1:${now.https}`];
  return runCommand(["migrate", "replay", `--log=${COPY}`, `--log-format=${FORMAT}`, ...listeners, "--upstream-header=X-Backend", ...args]);
}

interface Found {
  readonly sent: number;
  readonly alike: number;
  readonly differences: readonly { readonly cause: string; readonly count: number; readonly examples: readonly { readonly url: string; readonly old: string; readonly new: string }[] }[];
  readonly varies: Found["differences"];
}

const causes = (list: Found["differences"]): readonly string[] => list.map(({ cause, count }) => `${count} ${cause}`).sort();

test("exactly the differences that there are, grouped; and a backend that varies by itself", async () => {
  const [first, second] = sluices as [Sluice, Sluice];
  const { code, stdout, stderr } = await replay(first, second, "-o", "json");
  assert.equal(stderr, "");
  const found = JSON.parse(stdout) as Found;
  assert.deepEqual(causes(found.differences), [
    "1 Access-Control-Allow-Headers: only in the new", "1 Access-Control-Allow-Methods: only in the new", "1 Access-Control-Allow-Origin: only in the new", "1 Access-Control-Max-Age: only in the new",
    "1 backend blue → green", "1 status 200 → 404", "1 status 301 → 308", "2 Strict-Transport-Security: another value", "2 status 200 → 403",
  ]);
  assert.deepEqual(causes(found.varies), ["2 body"]);
  const example = (cause: string) => found.differences.find((one) => one.cause === cause)?.examples[0];
  assert.equal(example("backend blue → green")?.url, "http://other.example/x");
  assert.deepEqual([example("Strict-Transport-Security: another value")?.old, example("Strict-Transport-Security: another value")?.new], ["max-age=31536000; includeSubDomains", "max-age=77; includeSubDomains"]);
  assert.deepEqual([code, found.sent], [1, 13]);
  // What is alike was asked once of each, and what differs three times more.
  const [blue] = backends as [Named, Named];
  assert.deepEqual([blue.asked.get("same.example/one?a=b"), blue.asked.get("closed.example/x"), blue.asked.get("cors.example/x")], [2, 4, 8]);
});

test("two that are equal: exit code 0, and every request once to each", async () => {
  const [first, , third] = sluices as [Sluice, Sluice, Sluice];
  const { code, stdout } = await replay(first, third, "--ignore-body");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^Sent 13 requests of 14 lines to both: nothing differs, 13 alike\.\n/);
  const [blue] = backends as [Named, Named];
  // This one is asked for without TLS, and over it.
  assert.equal(blue.asked.get("same.example/two"), 4);
  blue.asked.delete("same.example/two");
  assert.deepEqual([...blue.asked].filter(([, count]) => count !== 2), []);
});

test("the log of ingress-nginx's own format, with the host given", async () => {
  const [first, , third] = sluices as [Sluice, Sluice, Sluice];
  const args = ["migrate", "replay", `--log=${USUAL_LOG}.copy`, `--against=http://127.0.0.1:${first.http}`, `--and=http://127.0.0.1:${third.http}`];
  const given = await runCommand([...args, "--host=same.example"]);
  assert.deepEqual([given.code, given.stderr], [0, ""]);
  assert.match(given.stdout, /^Sent 1 request of 1 line to both: nothing differs, 1 alike\.\n/);
  const missing = await runCommand(args);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^sluice: Nothing is sent: of 1 line, 1 do not name their host: give --host=HOST \(line 1: 127\.0\.0\.1 - /);
});
