/** `sluice migrate replay` beside servers that answer, or fail, just so: what counts as a difference, what is sent, and how it ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runCommand, type Ended } from "../support/command.ts";
import { freePorts, ROOT } from "../support/sluice.ts";

interface Counted {
  readonly url: string;
  /** Every request, as it came. */
  readonly asked: { readonly method: string; readonly url: string; readonly host: string; readonly headers: IncomingMessage["headers"] }[];
}

async function listening(t: TestContext, server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(t: TestContext, answer: RequestListener): Promise<Counted> {
  const asked: Counted["asked"] = [];
  const server = createServer((request, response) => {
    asked.push({ method: request.method ?? "", url: request.url ?? "", host: request.headers.host ?? "", headers: request.headers });
    answer(request, response);
  });
  return { url: await listening(t, server), asked };
}

interface Report {
  readonly complete: boolean;
  readonly sent: number;
  readonly alike: number;
  readonly different: number;
  readonly varying: number;
  readonly differences: readonly { readonly cause: string; readonly count: number; readonly page?: string; readonly examples: readonly { readonly url: string; readonly old: string; readonly new: string }[] }[];
  readonly varies: Report["differences"];
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly first?: { readonly number: number; readonly line: string } }[];
}

const FORMAT = '$host "$request"';
const line = (path: string, method = "GET", host = "shop.example"): string => `${host} "${method} ${path} HTTP/1.1"`;

function replay(old: string, now: string, log: string, ...args: readonly string[]): Promise<Ended> {
  return runCommand(["migrate", "replay", "--log=-", `--log-format=${FORMAT}`, `--against=${old}`, `--and=${now}`, "--rate=1000", ...args], {}, undefined, log);
}

async function reportOf(...args: Parameters<typeof replay>): Promise<Report & { readonly code: number | null }> {
  const { code, stdout, stderr } = await replay(...args, "-o", "json");
  assert.notEqual(stdout, "", stderr);
  return { ...(JSON.parse(stdout) as Report), code };
}

const causes = (list: Report["differences"]): readonly string[] => list.map(({ cause, count }) => `${count} ${cause}`);

test("each way to differ has its group, with both values; what may differ is no difference", async (t) => {
  const side = (isNew: boolean): RequestListener => (request, response) => {
    const port = (request.socket.address() as AddressInfo).port;
    response.setHeader("X-Request-ID", Math.random());
    response.setHeader("Server", isNew ? "sluice" : "nginx");
    response.setHeader("Set-Cookie", [`sticky=${Math.random()}; Path=/; Expires=${isNew}`]);
    switch (request.url) {
      case "/status": return void response.writeHead(isNew ? 503 : 404, { "x-other": String(isNew) }).end(isNew ? "a" : "b");
      case "/value": return void response.writeHead(200, { "x-frame-options": isNew ? "DENY" : "SAMEORIGIN" }).end();
      case "/only": return void response.writeHead(200, isNew ? { "Strict-Transport-Security": "max-age=1" } : { "X-Old": "1" }).end();
      case "/twice": return void response.writeHead(200, [["x-twice", "a"], ...(isNew ? [] : [["x-twice", "a"]])].flat()).end();
      case "/cookie": return void response.writeHead(200, { "set-cookie": isNew ? "sticky=1; Path=/" : "sticky=2; Path=/; Secure" }).end();
      case "/here": return void response.writeHead(302, { location: `http://shop.example:${port}/there` }).end();
      case "/away": return void response.writeHead(302, { location: `http://shop.example${isNew ? ":9999" : ""}/there` }).end();
      case "/body": return void response.end(isNew ? "abc" : "abd");
      case "/backend": return void response.writeHead(200, { "x-backend": isNew ? "green" : "blue" }).end();
      case "/chunks":
        if (isNew) response.write("a");
        else response.setHeader("content-length", 2);
        return void response.end(isNew ? "b" : "ab");
      default: return void response.end("same");
    }
  };
  const [old, now] = [await serve(t, side(false)), await serve(t, side(true))];
  const paths = ["/status", "/value", "/only", "/twice", "/cookie", "/here", "/away", "/body", "/backend", "/chunks", "/same"];
  const log = paths.map((path) => line(path)).join("\n");
  const report = await reportOf(old.url, now.url, log, "--upstream-header=X-Backend");
  assert.deepEqual([...causes(report.differences)].sort(), [
    "1 Set-Cookie: another value", "1 Strict-Transport-Security: only in the new", "1 X-Frame-Options: another value", "1 X-Old: only in the old",
    "1 X-Twice: another value", "1 backend blue → green", "1 body", "1 redirect target", "1 status 404 → 503",
  ]);
  assert.deepEqual([report.code, report.sent, report.alike, report.different, report.varying, report.varies], [1, 11, 3, 8, 0, []]);
  const example = (cause: string): unknown => report.differences.find((one) => one.cause === cause)?.examples[0];
  assert.deepEqual(example("X-Frame-Options: another value"), { method: "GET", url: "http://shop.example/value", old: "SAMEORIGIN", new: "DENY" });
  assert.deepEqual(example("X-Twice: another value"), { method: "GET", url: "http://shop.example/twice", old: "a, a", new: "a" });
  assert.match(report.differences.find(({ cause }) => cause.startsWith("Strict-Transport"))?.page ?? "", /migrating-from-ingress-nginx/);
  const ignoring = await reportOf(old.url, now.url, ["/value", "/body", "/cookie", "/chunks"].map((path) => line(path)).join("\n"), "--ignore-header=X-Frame-Options,set-cookie", "--ignore-body");
  assert.deepEqual([ignoring.code, ignoring.alike], [0, 4]);
  const text = await replay(old.url, now.url, log, "--upstream-header=X-Backend");
  assert.match(text.stdout, /^Sent 11 requests of 11 lines to both: 8 differ, 3 alike\.\n/);
  assert.match(text.stdout, /\n {5}1 {2}status 404 → 503\n {10}GET http:\/\/shop\.example\/status\n {8}see docs\/guide\/why-did-sluice-answer\.md#reasons\n/);
  assert.match(text.stdout, /\nAnswers took: the old p50 [\d.]+ ms, p99 [\d.]+ ms; the new p50 /);
  assert.equal(text.stderr, "");
});

test("what a hundred requests had in common is not tried again", async (t) => {
  const [old, now] = [await serve(t, (_, response) => void response.end()), await serve(t, (_, response) => void response.setHeader("x-new", "1").end())];
  const report = await reportOf(old.url, now.url, Array.from({ length: 400 }, (_, index) => line(`/${index}`)).join("\n"));
  assert.deepEqual(causes(report.differences), ["400 X-New: only in the new"]);
  // 64 are on their way at a time, and each of a hundred is asked three times more.
  assert.ok(old.asked.length <= 400 + 3 * 164 && old.asked.length >= 400 + 3 * 100, `${old.asked.length} requests`);
});

test("the most frequent cause comes first, with three examples", async (t) => {
  const [old, now] = [await serve(t, (_, response) => void response.end()), await serve(t, ({ url = "" }, response) => void response.writeHead(url.startsWith("/a") ? 500 : 404).end())];
  const report = await reportOf(old.url, now.url, ["/b1", "/a1", "/a2", "/b2", "/a3", "/a4", "/a5"].map((path) => line(path)).join("\n"));
  assert.deepEqual(causes(report.differences), ["5 status 200 → 500", "2 status 200 → 404"]);
  assert.deepEqual(report.differences.map(({ examples }) => examples.length), [3, 2]);
});

test("a backend whose answers vary by themselves is told as such, and is no difference of the two", async (t) => {
  let turn = 0;
  const flapping: RequestListener = ({ url }, response) => void response.writeHead(200, { "x-pod": url === "/pod" ? `pod-${turn++ % 2}` : "one" }).end(url === "/body" ? String(turn++) : "same");
  const [old, now] = [await serve(t, flapping), await serve(t, (_, response) => void response.writeHead(200, { "x-pod": "one" }).end("same"))];
  const report = await reportOf(old.url, now.url, ["/pod", "/body", "/plain"].map((path) => line(path)).join("\n"));
  assert.deepEqual([report.code, report.different, report.varying, report.alike], [0, 0, 2, 1]);
  assert.deepEqual([...causes(report.varies)].sort(), ["1 X-Pod: another value", "1 body"]);
  const { stdout } = await replay(old.url, now.url, line("/pod"));
  assert.match(stdout, /nothing differs, 0 alike, 1 varies by itself\.[^]*\nVaries by itself: [^]*X-Pod: another value/);
});

test("a steady difference of an answer that varies elsewhere is told", async (t) => {
  let turn = 0;
  const [old, now] = [await serve(t, (_, response) => void response.end(String(turn++))), await serve(t, (_, response) => void response.setHeader("x-new", "1").end("same"))];
  const report = await reportOf(old.url, now.url, line("/"));
  assert.deepEqual([report.code, causes(report.differences), causes(report.varies)], [1, ["1 X-New: only in the new"], ["1 body"]]);
});

test("each request once to both, as the log has it; methods, limits and repeated lines", async (t) => {
  const same: RequestListener = (_, response) => void response.end("same");
  const [old, now] = [await serve(t, same), await serve(t, same)];
  const log = [line("/a?x=1"), line("/a?x=1"), line("/a?x=2"), line("/a?x=1", "HEAD"), line("/a?x=1", "GET", "b.example"), line("/a", "POST"), line("/a", "OPTIONS"), line("/a?x=1"), "- \"GET /nohost HTTP/1.1\"", "nonsense"].join("\n");
  const report = await reportOf(old.url, now.url, log);
  assert.deepEqual([report.code, report.sent, report.alike], [0, 4, 4]);
  const asked = ({ asked: all }: Counted): readonly string[] => all.map(({ method, host, url }) => `${method} ${host}${url}`).sort();
  assert.deepEqual(asked(old), ["GET b.example/a?x=1", "GET shop.example/a?x=1", "GET shop.example/a?x=2", "HEAD shop.example/a?x=1"]);
  assert.deepEqual(asked(now), asked(old));
  assert.deepEqual(report.skipped, [
    { reason: "format", count: 1, first: { number: 10, line: "nonsense" } },
    { reason: "method", count: 2, first: { number: 6, line: line("/a", "POST") } },
    { reason: "host", count: 1, first: { number: 9, line: '- "GET /nohost HTTP/1.1"' } },
    { reason: "repeated", count: 2 },
  ]);
  for (const one of [old, now]) one.asked.length = 0;
  await replay(old.url, now.url, log, "--all-lines", "--methods=GET,POST", "--host=given.example", "--header=X-A: 1, 2", "-H", "x-b: 3");
  assert.equal(old.asked.length, 7);
  assert.deepEqual(old.asked.map(({ headers }) => `${headers["x-a"]} ${headers["x-b"]}`), old.asked.map(() => "1, 2 3"));
  const post = now.asked.find(({ method }) => method === "POST");
  assert.deepEqual([post?.headers["content-length"], post?.headers["transfer-encoding"]], ["0", undefined]);
  assert.ok(now.asked.some(({ host, url }) => host === "given.example" && url === "/nohost"));
  for (const one of [old, now]) one.asked.length = 0;
  assert.deepEqual((await reportOf(old.url, now.url, log, "--limit=2")).sent, 2);
  assert.deepEqual([old.asked.length, now.asked.length], [2, 2]);
});

test("a log that grows by the replay itself ends where it ended at the start", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-replay-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "access.log");
  const logging: RequestListener = (_, response) => {
    appendFileSync(file, `${line("/again")}\n`);
    response.end();
  };
  const [old, now] = [await serve(t, logging), await serve(t, logging)];
  // More than is read at a time.
  writeFileSync(file, `${line(`/${"x".repeat(2000)}`)}\n`.repeat(200));
  const report = await reportOf(old.url, now.url, "", `--log=${file}`, "--all-lines");
  assert.deepEqual([report.code, report.sent, old.asked.length, report.complete], [0, 200, 200, true]);
});

test("redirects are not followed, and hostile lines reach none but the two", async (t) => {
  const evil = await serve(t, (_, response) => void response.end());
  const redirecting: RequestListener = (_, response) => void response.writeHead(302, { location: `${evil.url}/` }).end();
  const [old, now] = [await serve(t, redirecting), await serve(t, redirecting)];
  const place = evil.url.replace("http:", "");
  const format = '{"host":"$host","request":"$request","agent":"$http_user_agent"}';
  const logged = (request: string, host = "shop.example", agent = "x"): string => JSON.stringify({ host, request, agent });
  const log = [
    logged(`GET ${evil.url}/absolute HTTP/1.1`), logged(`GET ${place}/slashes HTTP/1.1`), logged(`GET /a\r\nHost: ${evil.url}\r\n\r\nGET /b HTTP/1.1`), logged("GET /c HTTP/1.1", `shop.example\r\nX-Evil: 1`),
    logged("GET /d HTTP/1.1", "shop.example", "x\r\nX-Evil: 1\r\n\r\nGET /e HTTP/1.1\r\n"), logged("GET ftp://shop.example/f HTTP/1.1"), logged("CONNECT evil:1 HTTP/1.1"), logged("GET /g HTTP/1.1", place.slice(2)), logged("GET /h\u0000 HTTP/1.1"), "\u0000\u001b[31m\u0007", "{".repeat(70_000), logged("GET /end HTTP/1.1"),
  ].join("\n");
  const { code, stdout, stderr } = await runCommand(["migrate", "replay", "--log=-", `--log-format=${format}`, "--log-format-escape=json", `--against=${old.url}`, `--and=${now.url}`], {}, undefined, log);
  assert.deepEqual([code, stderr, evil.asked], [0, "", []]);
  assert.deepEqual(old.asked.map(({ url }) => url).sort(), [`${place}/slashes`, "/absolute", "/end", "/g"].sort());
  assert.deepEqual(old.asked.filter(({ headers }) => "x-evil" in headers), []);
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u);
});

test("answers that are none: told where they differ, and no end of the replay", { timeout: 60_000 }, async (t) => {
  const broken: RequestListener = ({ url }, response) => {
    if (url === "/closed") response.socket?.destroy();
    else if (url === "/cut") response.writeHead(200, { "content-length": "10" }).write("abc", () => response.socket?.destroy());
    else if (url === "/garbage") response.socket?.end("\u0001\u001b[31mno http\r\n\r\n");
    else if (url === "/switch") response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    else if (url === "/hint") { response.writeEarlyHints({ link: "</a>; rel=preload" }); response.end("0123456789"); }
    else response.writeHead(200, { "x-colour": Buffer.from("\u009b31mred").toString("latin1") }).end("0123456789");
  };
  const [old, now] = [await serve(t, (_, response) => void response.end("0123456789")), await serve(t, broken)];
  const report = await reportOf(old.url, now.url, ["/closed", "/cut", "/garbage", "/switch", "/hint", "/colour"].map((path) => line(path)).join("\n"));
  assert.deepEqual([...causes(report.differences)].sort(), [
    "1 X-Colour: only in the new", "1 body", "1 status 200 → no answer (what answers speaks no HTTP (HPE_INVALID_CONSTANT))", "2 status 200 → no answer (the connection was closed)",
  ]);
  assert.equal(report.differences.find(({ cause }) => cause === "body")?.examples[0]?.new, "3 bytes, broken off");
  const { stdout } = await replay(old.url, now.url, line("/colour"));
  assert.match(stdout, /new: \\u009b31mred\n/);
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u);
});

test("large bodies: the first MiB and the length", async (t) => {
  const size = 3 << 20;
  const large = (at: number, length = size): RequestListener => ({ url }, response) => {
    const bytes = Buffer.alloc(length);
    if (at >= 0) bytes[at] = 1;
    response.writeHead(200, url === "/told" ? { "content-length": length } : {}).end(bytes);
  };
  const paths = ["/told", "/chunked"].map((path) => line(path)).join("\n");
  const old = await serve(t, large(-1));
  const alike = await reportOf(old.url, (await serve(t, large(2 << 20))).url, paths);
  assert.deepEqual([alike.code, alike.alike], [0, 2]);
  const [early, longer] = [await reportOf(old.url, (await serve(t, large(1000))).url, paths), await reportOf(old.url, (await serve(t, large(-1, size + 1))).url, paths)];
  assert.deepEqual([causes(early.differences), causes(longer.differences)], [["2 body"], ["2 body"]]);
  assert.match(longer.differences[0]?.examples[0]?.new ?? "", /^3145729 bytes/);
});

test("a target that nobody listens at, or that never answers: one sentence, exit code 4", { timeout: 60_000 }, async (t) => {
  const { url } = await serve(t, (_, response) => void response.end());
  const [port] = await freePorts(1);
  const dead = `http://127.0.0.1:${port}`;
  for (const [old, now, flag] of [[url, dead, "--and"], [dead, url, "--against"]] as const) {
    const { code, stdout, stderr } = await replay(old, now, [line("/a"), line("/b")].join("\n"));
    assert.deepEqual([code, stdout, stderr], [4, "", `sluice: ${flag}=${dead} does not answer (connection refused, 5 tries): is the address right, and does the controller run?\n`]);
  }
  const closing = await listening(t, createTcpServer((socket) => socket.on("error", () => undefined).destroy()));
  const { code, stderr } = await replay(url, closing, Array.from({ length: 80 }, (_, index) => line(`/${index}`)).join("\n"));
  assert.equal(code, 4);
  assert.match(stderr, /^sluice: --and=http:\/\/127\.0\.0\.1:\d+ does not answer \(the connection was closed, 50 tries\): is the address right, and does the controller run\?(?: What is said above is of the time before\.)?\n$/);
});

test("interrupted: what is known so far, also while the log is still being written", { timeout: 60_000 }, async (t) => {
  const [old, now] = [await serve(t, (_, response) => void response.end()), await serve(t, (_, response) => void response.writeHead(404).end())];
  for (const [path, second, ends] of [["/a", now.url, 1], ["/b", old.url, 130]] as const) {
    const child = spawn(process.execPath, [`${ROOT}/src/main.ts`, "migrate", "replay", "--log=-", `--log-format=${FORMAT}`, `--against=${old.url}`, `--and=${second}`, "-o", "json"], { stdio: ["pipe", "pipe", "ignore"] });
    t.after(() => child.kill("SIGKILL"));
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const asked = old.asked.length;
    child.stdin.write(`${line(path)}\n`);
    // The request, and for a difference three more.
    while (old.asked.length < asked + (ends === 1 ? 4 : 2)) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("close", resolve));
    const { complete, sent } = JSON.parse(stdout) as Report;
    assert.deepEqual([code, complete, sent], [ends, false, 1]);
  }
});

test("slips are one sentence each, exit code 2", async () => {
  const base = ["--log=-", "--against=http://127.0.0.1:1", "--and=http://127.0.0.1:2"];
  for (const [args, said] of [
    [[], /^sluice: Which requests are sent\? Give an access log: --log=FILE/],
    [["--log=-", "--and=http://127.0.0.1:1"], /Two controllers are compared: give the listeners of both/],
    [[...base, "--and-https=https://127.0.0.1:3"], /--against-https and --and-https go together/],
    [[...base, "--log-format=$host $status"], /does not say what was asked for: \$request is missing/],
    [[...base, "--and=127.0.0.1:8080"], /--and must be the scheme, address and port of a listener/],
    [[...base, "--and=http://127.0.0.1:8080/path"], /--and must be the scheme/],
    [[...base, "--and=http://user@127.0.0.1"], /--and must be the scheme/],
    [[...base, "--methods=CONNECT"], /--methods must be methods of HTTP between commas, such as GET,HEAD,OPTIONS/],
    [[...base, "--header=Host: evil"], /--header must be a header such as/],
    [[...base, "--header=A: b\r\nC: d"], /--header must be a header such as/],
    [[...base, "--header=Transfer-Encoding: chunked"], /--header must be a header such as/],
    [[...base, "--rate=0"], /--rate must be a whole number from 1/],
    [["--log=/nowhere/access.log", ...base.slice(1)], /The access log "\/nowhere\/access\.log" cannot be read \(ENOENT\)/],
    [["--log=/tmp", ...base.slice(1)], /The access log "\/tmp" cannot be read \(EISDIR\)/],
    [base, /Nothing is sent: the log is empty\./],
    [["word", ...base], /Unexpected word "word"/],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(["migrate", "replay", ...args], {}, undefined, "");
    assert.deepEqual([code, stdout, said.test(stderr), stderr.trim().split("\n").length], [2, "", true, 1], stderr);
  }
  const none = await runCommand(["migrate", "replay", ...base], {}, undefined, "x\u001b[31m\ny\n");
  assert.deepEqual([none.code, none.stderr], [2, "sluice: Nothing is sent: of 2 lines, 2 are not of the log's format (line 1: x\\u001b[31m).\n"]);
  const other = await runCommand(["migrate", "repaly"]);
  assert.deepEqual([other.code, other.stderr], [2, 'sluice: There is no command "migrate repaly": did you mean "migrate replay"?\n']);
  assert.match((await runCommand(["migrate", "--help"])).stdout, /^Usage: sluice migrate SUBCOMMAND/);
});
