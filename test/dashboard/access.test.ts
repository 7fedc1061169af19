/** What the dashboard of a running Sluice answers to whom, and what it never tells. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { browserMissing, openPage, startBrowser } from "../support/browser.ts";
import { runCommand } from "../support/command.ts";
import { runtimeFolder } from "../support/engine.ts";
import { documents, site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { freePorts, ROOT, startSluice, type Sluice } from "../support/sluice.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const NAME = "sluice.example";
/** Everything that the API answers to. */
const PATHS = ["events", "list/hosts", "list/certs", "list/findings", "way?host=shop.example", "explain"];
const KEY = { authorization: `Bearer ${TOKEN}` };
const ASKED = JSON.stringify({ url: "https://shop.example/", method: "GET", headers: [] });

const folder = mkdtempSync(join(tmpdir(), "sluice-access-"));
const tokenFile = join(folder, "token");
const pair = selfSigned(["shop.example"]);
let sluice: Sluice;

before(async () => {
  writeFileSync(tokenFile, `${TOKEN}\n`);
  const secret = {
    apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name: "tls", namespace: "shop" },
    data: { "tls.crt": Buffer.from(pair.chain).toString("base64"), "tls.key": Buffer.from(pair.key).toString("base64") },
  };
  const users = { apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, stringData: { auth: "ann:$apr1$abcdefgh$CPtUdB1uXhqnT4oqvLDW00\n" } };
  const shop = site({ name: "web", host: "shop.example", endpoints: ["127.0.0.1:9"], tlsSecret: "tls", annotations: { "auth-type": "basic", "auth-secret": "users" } });
  sluice = await startSluice({ files: { "shop.yaml": shop, "secrets.yaml": documents(secret, users) }, args: ["--dashboard", `--dashboard-token-file=${tokenFile}`] });
});
after(async () => {
  await sluice?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of a stream, what came until `enough` held. */
  readonly text: string;
}

/** A request with any header, and the token if no other is given; it comes from this machine. */
function get(path: string, headers: Readonly<Record<string, string>> = {}, method = path.includes("/explain") ? "POST" : "GET", enough: (text: string) => boolean = () => false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: sluice.health, host: "127.0.0.1", path, method, headers: { ...KEY, ...headers }, agent: false }, (response) => {
      let text = "";
      const done = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (enough(text)) {
          done();
          asked.destroy();
        }
      }).on("end", done);
    });
    asked.on("error", reject).end(method === "POST" ? ASKED : undefined);
  });
}

const opened = (text: string): boolean => text.includes("event: overview");

test("every page's file is small, kept by no proxy without asking, and safe to show", async () => {
  for (const [file, type] of [["", "text/html"], ["app.js", "text/javascript"], ["app.css", "text/css"]] as const) {
    const { status, headers } = await get(`/dashboard/${file}`);
    assert.equal(status, 200, file);
    assert.match(String(headers["content-type"]), new RegExp(`^${type}`));
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'$/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-cache");
    assert.equal((await get(`/dashboard/${file}`, { "if-none-match": String(headers["etag"]) })).status, 304);
    const zipped = await get(`/dashboard/${file}`, { "accept-encoding": "gzip" });
    assert.equal(zipped.headers["content-encoding"], "gzip");
  }
  const sizes = ["index.html", "app.js", "app.css"].map((file) => gzipSync(readFileSync(join(ROOT, "dashboard/build", file)), { level: 9 }).length);
  assert.ok(sizes.reduce((sum, one) => sum + one) < 80_000, sizes.join(" + "));
  assert.equal((await get("/dashboard")).headers["location"], "/dashboard/");
  for (const path of ["/dashboard/../package.json", "/dashboard/%2e%2e/package.json", "/dashboard/.new-x/app.js", "/dashboard/app.js/", "/dashboardx", "/dashboard/api", "/dashboard/api/", "/dashboard/api/list", "/dashboard/api/list/secrets", "/dashboard/api/__proto__"]) {
    assert.equal((await get(path)).status, 404, path);
  }
});

test("the dashboard changes nothing", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) for (const path of ["", ...PATHS.map((one) => `api/${one}`)]) if (method !== "POST" || path !== "api/explain") assert.equal((await get(`/dashboard/${path}`, {}, method)).status, 405, `${method} ${path}`);
});

test("under another name, each question needs the token; with it, each is answered", async () => {
  for (const path of PATHS) {
    const without = await get(`/dashboard/api/${path}`, { host: NAME, authorization: "" });
    assert.deepEqual([without.status, without.text, without.headers["www-authenticate"]], [401, "the dashboard needs a token", 'Bearer realm="Sluice dashboard"'], path);
    assert.equal((await get(`/dashboard/api/${path}`, { host: NAME, authorization: `Bearer ${TOKEN}x` })).status, 401, path);
    assert.equal((await get(`/dashboard/api/${path}`, { host: NAME }, undefined, opened)).status, 200, path);
    assert.equal((await get(`/dashboard/api/${path}`, { authorization: "" })).status, 401, "nor does this machine look without it");
  }
  assert.equal((await get("/dashboard/", { host: NAME })).status, 200, "the page that asks for the token");
  for (const path of ["/api/v1/generation", "/api/v1/list/hosts"]) assert.equal((await get(path, { host: NAME, authorization: `Bearer ${TOKEN}` })).status, 403, "the token opens the dashboard alone");
});

test("another origin's page gets nothing, whatever it sends", async () => {
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site", authorization: `Bearer ${TOKEN}` }]) {
    for (const path of PATHS) assert.equal((await get(`/dashboard/api/${path}`, headers)).status, 403, `${JSON.stringify(headers)} ${path}`);
  }
});

test("nothing of a Secret is told but its name and its certificate's dates", async () => {
  const told = await Promise.all(PATHS.map(async (path) => (await get(`/dashboard/api/${path}${path === "explain" ? "?all" : ""}`, {}, undefined, opened)).text));
  const all = told.join("\n");
  assert.ok(all.includes("shop/tls") && all.includes("auth-secret: users"), "the names are told");
  for (const secret of [...pair.key.split("\n").slice(1, -2), ...pair.chain.split("\n").slice(1, -2), "apr1", "CPtUdB1u", TOKEN]) assert.ok(!all.includes(secret), secret);
});

test("who asks for the head alone of the stream opens no page", async () => {
  const { status, headers, text } = await get("/dashboard/api/events", {}, "HEAD");
  assert.deepEqual([status, headers["content-type"], text], [200, "text/event-stream", ""]);
});

test("too many open pages are told so, and one that is closed makes room", async () => {
  const pages: ReturnType<typeof request>[] = [];
  const open = (): Promise<number> => new Promise((resolve, reject) => {
    const page = request({ port: sluice.health, host: "127.0.0.1", path: "/dashboard/api/events?host=shop.example", headers: KEY, agent: false }, (response) => resolve(response.resume().statusCode ?? 0));
    pages.push(page.on("error", reject));
    page.end();
  });
  const statuses = await Promise.all(Array.from({ length: 32 }, open));
  assert.ok(statuses.every((status) => status === 200));
  assert.equal(await open(), 503);
  assert.equal((await get("/dashboard/api/list/hosts")).status, 200);
  for (const page of pages) page.on("error", () => {}).destroy();
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { status } = await get("/dashboard/api/events", {}, "GET", opened);
    if (status === 200) break;
    assert.ok(Date.now() < deadline, "nothing made room");
  }
});

test("a token in the browser: asked for, refused, kept for this tab", { skip: browserMissing ?? false }, async () => {
  const browser = await startBrowser(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`);
  try {
    const origin = `http://${NAME}:${sluice.health}`;
    // A browser tells of each 401 in the console.
    const { page, requests, end } = await openPage(browser, origin, {}, /status of 401/);
    await page.goto(`${origin}/dashboard/`);
    await page.getByLabel("Token").fill("a wrong token of some length");
    await page.keyboard.press("Enter");
    await page.getByText("This token is not good").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText(/served by all/).first().waitFor();
    await page.reload();
    await page.getByText(/served by all/).first().waitFor();
    assert.ok(requests.every((url) => !url.includes(TOKEN)));
    const other = await openPage(browser, origin, {}, /status of 401/);
    await other.page.goto(`${origin}/dashboard/`);
    await other.page.getByLabel("Token").waitFor();
    await other.end();
    await end();
  } finally {
    await browser.close();
  }
});

test("without the flag there is no dashboard; flags that cannot work are told at once", async () => {
  const plain = await startSluice();
  try {
    for (const path of ["/dashboard/", "/dashboard/api/events"]) assert.equal((await plain.ask(path)).status, 404);
    assert.doesNotMatch((await plain.ask("/")).text, /dashboard/);
  } finally {
    await plain.stop();
  }
  const short = join(folder, "short");
  writeFileSync(short, "abc\n");
  const [pipe, long] = [join(folder, "pipe"), join(folder, "long")];
  execFileSync("mkfifo", [pipe]);
  writeFileSync(long, "x".repeat(20_000));
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["--dashboard-token-file=/x"], /--dashboard-token-file says who may look at the dashboard, and there is none: give --dashboard as well/],
    [["--dashboard", "--dashboard-token-review"], /--dashboard-token-review asks an API server, and --manifests serves without one: give --dashboard-token-file instead/],
    [["--dashboard", `--dashboard-token-file=${folder}/nowhere`], /nowhere cannot be read/],
    [["--dashboard", `--dashboard-token-file=${pipe}`], /pipe cannot be read: it is no regular file\./],
    [["--dashboard", `--dashboard-token-file=${long}`], /long cannot be read: it has 20000 bytes, and a token at most 16384\./],
    [["--dashboard", `--dashboard-token-file=${short}`], /holds a token of 3 characters, and it could be guessed: make one of at least 16/],
  ];
  const [http, https, health] = await freePorts(3);
  const runtimeDir = runtimeFolder();
  after(() => rmSync(runtimeDir, { recursive: true, force: true }));
  for (const [flags, sentence] of wrong) {
    const { code, stderr } = await runCommand(["run", `--manifests=${folder}`, `--runtime-dir=${runtimeDir}`, `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, ...flags]);
    assert.notEqual(code, 0);
    assert.match(stderr, sentence);
  }
});
