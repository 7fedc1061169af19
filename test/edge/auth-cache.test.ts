import assert from "node:assert/strict";
import { test } from "node:test";
import { answerLifetime, varies, variant } from "../../edge/src/auth-cache.ts";
import { readHead } from "../../edge/src/http-response.ts";
import type { Head } from "../../edge/src/http-response.ts";
import { parseTemplate } from "../../src/model/grammar/template.ts";

const cache = { scope: "", key: parseTemplate("$http_cookie"), lifetimes: [[200, 300], [401, 10]] as [number, number][] };

function head(status: number, ...lines: string[]): Head {
  const read = readHead([`HTTP/1.1 ${status} X`, ...lines].join("\r\n"), false);
  assert.ok(read);
  return read;
}

function seconds(status: number, ...lines: string[]): number {
  return answerLifetime(cache, head(status, ...lines), (date) => (date === "soon" ? 7 : date === "past" ? -7 : undefined));
}

test("by status, the first that fits", () => {
  assert.deepEqual([seconds(200), seconds(401), seconds(403)], [300, 10, 0]);
  assert.equal(answerLifetime({ ...cache, lifetimes: [[403, 1], [0, 2]] }, head(403), () => undefined), 1);
  assert.equal(answerLifetime({ ...cache, lifetimes: [[403, 1], [0, 2]] }, head(500), () => undefined), 2);
});

test("what the service says comes first", () => {
  assert.equal(seconds(200, "Cache-Control: no-store"), 0);
  assert.equal(seconds(200, "Cache-Control: max-age=60, Private"), 0);
  assert.equal(seconds(403, "Cache-Control: public, max-age=60"), 60);
  assert.equal(seconds(200, "Cache-Control: max-age=60, s-maxage=5"), 5);
  assert.equal(seconds(200, "Cache-Control: max-age=x"), 0);
  assert.equal(seconds(200, "Cache-Control: public"), 300);
  assert.equal(seconds(200, "X-Accel-Expires: 3", "Cache-Control: no-store"), 3);
  assert.equal(seconds(200, "X-Accel-Expires: 0"), 0);
  assert.equal(seconds(200, "Expires: soon"), 7);
  assert.equal(seconds(200, "Expires: past"), 0);
  assert.equal(seconds(200, "Expires: 0"), 0);
});

test("somebody's own answer is not kept", () => {
  assert.equal(seconds(200, "Set-Cookie: a=b"), 0);
  assert.equal(seconds(200, "Vary: Accept, *"), 0);
});

test("two requests share an answer when they say the same in the headers that it varies with", () => {
  const vary = varies(head(200, "Vary: Accept-Language, Cookie", "Vary: X-A"));
  assert.equal(vary, "accept-language, cookie,x-a");
  const says = (headers: Readonly<Record<string, string>>): string => variant(vary, (name) => headers[name]);
  assert.equal(says({ http_cookie: "1" }), says({ http_cookie: "1", http_host: "x" }));
  assert.notEqual(says({ http_cookie: "1" }), says({ http_cookie: "2" }));
  assert.notEqual(says({ http_cookie: "1" }), says({ http_x_a: "1" }));
});
