/** Who may look at the dashboard: every way of asking that should not work, and those that should. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { judgeCaller, mayHavePage, type GuardOptions } from "../../src/dashboard/guard.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-guard-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const TOKEN = "0123456789abcdef0123456789abcdef";

function tokenFile(text: string): string {
  const file = join(mkdtempSync(join(folder, "t")), "token");
  writeFileSync(file, text);
  return file;
}

const CLOSED: GuardOptions = { host: "", tokenFile: "", review: undefined };
const ELSEWHERE = "10.1.2.3";

function from(remoteAddress: string, headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers: { host: "127.0.0.1:10254", ...headers } } as unknown as IncomingMessage;
}

const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });

test("programs of this machine look without a token, by any address of it", async () => {
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.9.10"]) {
    for (const host of ["127.0.0.1:10254", "localhost:10254", "[::1]:10254", "localhost"]) assert.equal(await judgeCaller(CLOSED, from(address, { host })), "welcome", `${address} ${host}`);
  }
});

test("nobody else looks unless the operator says so", async () => {
  for (const address of [ELSEWHERE, "::ffff:10.1.2.3", "fd00::1", "", "128.0.0.1", "::127.0.0.1"]) {
    assert.equal(await judgeCaller(CLOSED, from(address, bearer(TOKEN))), "refused", address);
    assert.equal(mayHavePage(CLOSED, from(address)), false, address);
  }
});

test("what a proxy of this machine passes on is not this machine's, whatever Host header the proxy sets", async () => {
  const forwarded = [{ "x-forwarded-for": "203.0.113.9" }, { "x-real-ip": "203.0.113.9" }, { forwarded: "for=203.0.113.9" }, { via: "1.1 proxy" }, { "x-forwarded-host": "sluice.example" }, { "x-forwarded-proto": "https" }];
  const open = { ...CLOSED, tokenFile: tokenFile(TOKEN) };
  for (const headers of forwarded as readonly Readonly<Record<string, string>>[]) {
    assert.equal(await judgeCaller(CLOSED, from("127.0.0.1", headers)), "refused", JSON.stringify(headers));
    assert.equal(await judgeCaller(open, from("127.0.0.1", headers)), "token", JSON.stringify(headers));
    assert.equal(await judgeCaller(open, from("127.0.0.1", { ...headers, ...bearer(TOKEN) })), "welcome", JSON.stringify(headers));
  }
});

test("a name that leads to this machine is nobody's without a token: web pages can make such names", async () => {
  assert.equal(await judgeCaller(CLOSED, from("127.0.0.1", { host: "evil.example:10254" })), "refused");
  const open = { ...CLOSED, tokenFile: tokenFile(TOKEN) };
  assert.equal(await judgeCaller(open, from("127.0.0.1", { host: "evil.example:10254" })), "token");
  assert.equal(await judgeCaller(open, from("127.0.0.1", { host: "sluice.example", ...bearer(TOKEN) })), "welcome");
  assert.equal(await judgeCaller(open, from("127.0.0.1")), "token", "where tokens open, a proxy of this machine may pass on anybody");
});

test("pages of another origin are refused, whatever they show; our own page is not", async () => {
  const open = { ...CLOSED, tokenFile: tokenFile(TOKEN) };
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" }, { origin: "null" },
    { origin: "http://127.0.0.1:9999" }, { origin: "" },
  ];
  for (const headers of foreign) {
    for (const options of [CLOSED, open]) for (const address of ["127.0.0.1", ELSEWHERE]) assert.equal(await judgeCaller(options, from(address, { ...headers, ...bearer(TOKEN) })), "refused", JSON.stringify(headers));
  }
  const own: readonly Readonly<Record<string, string>>[] = [{}, { "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }, { origin: "http://127.0.0.1:10254", "sec-fetch-site": "same-origin" }];
  for (const headers of own) assert.equal(await judgeCaller(CLOSED, from("127.0.0.1", headers)), "welcome", JSON.stringify(headers));
});

test("the token of the file opens, and no other", async () => {
  const options = { ...CLOSED, tokenFile: tokenFile(`${TOKEN}\n`) };
  assert.equal(await judgeCaller(options, from(ELSEWHERE, bearer(TOKEN))), "welcome");
  assert.equal(await judgeCaller(options, from(ELSEWHERE, { authorization: `bearer  ${TOKEN}` })), "welcome");
  assert.equal(await judgeCaller(options, from(ELSEWHERE)), "token");
  for (const wrong of ["", " ", TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase(), `${TOKEN} x`, `${TOKEN}\u00e4`]) {
    assert.equal(await judgeCaller(options, from(ELSEWHERE, bearer(wrong))), "token", JSON.stringify(wrong));
  }
  assert.equal(await judgeCaller(options, from(ELSEWHERE, { authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString("base64")}` })), "token");
  assert.equal(mayHavePage(options, from(ELSEWHERE)), true, "who could look gets the page that asks for the token");
});

test("a file that is empty, short, missing or no file opens nothing; a new token holds at once", async () => {
  for (const text of ["", "\n", "short", "123456789012345"]) {
    assert.equal(await judgeCaller({ ...CLOSED, tokenFile: tokenFile(text) }, from(ELSEWHERE, bearer(text.trim()))), "token", JSON.stringify(text));
  }
  for (const file of [join(folder, "nowhere"), folder]) assert.equal(await judgeCaller({ ...CLOSED, tokenFile: file }, from(ELSEWHERE, bearer(TOKEN))), "token");
  const file = tokenFile(TOKEN);
  writeFileSync(file, "another token of this length");
  assert.equal(await judgeCaller({ ...CLOSED, tokenFile: file }, from(ELSEWHERE, bearer(TOKEN))), "token");
});

test("the API server's word counts, and its silence is no permission", async () => {
  const asked: string[] = [];
  const answering = (answer: boolean | undefined): GuardOptions => ({ ...CLOSED, review: async (token) => {
    asked.push(token);
    return answer;
  } });
  assert.equal(await judgeCaller(answering(true), from(ELSEWHERE, bearer("abc"))), "welcome");
  assert.equal(await judgeCaller(answering(false), from(ELSEWHERE, bearer("abc"))), "token");
  assert.equal(await judgeCaller(answering(undefined), from(ELSEWHERE, bearer("abc"))), "late");
  assert.equal(await judgeCaller(answering(true), from(ELSEWHERE)), "token");
  assert.deepEqual(asked, ["abc", "abc", "abc"], "who shows nothing is not asked about");
});

test("with both, either opens", async () => {
  const options: GuardOptions = { ...CLOSED, tokenFile: tokenFile(TOKEN), review: async (token) => token === "of-an-account" };
  for (const token of [TOKEN, "of-an-account"]) assert.equal(await judgeCaller(options, from(ELSEWHERE, bearer(token))), "welcome");
  assert.equal(await judgeCaller(options, from(ELSEWHERE, bearer("x"))), "token");
});

test("a token file that became a pipe, a folder or something huge opens nothing, and holds nobody up", async () => {
  const file = tokenFile(TOKEN);
  const options = { ...CLOSED, tokenFile: file };
  const become: readonly (() => void)[] = [() => execFileSync("mkfifo", [file]), () => mkdirSync(file), () => writeFileSync(file, TOKEN.padEnd(20_000, " "))];
  for (const one of become) {
    rmSync(file, { recursive: true });
    one();
    assert.equal(await judgeCaller(options, from(ELSEWHERE, bearer(TOKEN))), "token");
  }
});
