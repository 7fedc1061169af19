import assert from "node:assert/strict";
import { test } from "node:test";
import { backendKeyOf, setCookie, understandsNone, upstreamKeyOf, type CookieView, type SessionCookie } from "../../edge/src/sticky.ts";

const view: CookieView = { https: false, userAgent: undefined, timeIn: (seconds) => `in ${seconds} s` };
const cookie = (more: Partial<SessionCookie>): SessionCookie => ({ name: "S", variable: "cookie_s", path: "/a", ...more });

test("a cookie has two halves; an old one, or a broken one, has less", () => {
  const read = (value: string | undefined): unknown => [upstreamKeyOf(value), backendKeyOf(value)];
  assert.deepEqual(read("1.2.3|abc"), ["1.2.3", "abc"]);
  assert.deepEqual(read("1.2.3"), ["1.2.3", undefined]);
  assert.deepEqual(read("1.2.3|"), ["1.2.3", ""]);
  assert.deepEqual(read("a|b|c"), ["a", "b"]);
  assert.deepEqual(read("|abc"), [undefined, "abc"]);
  assert.deepEqual(read(""), [undefined, undefined]);
  assert.deepEqual(read(undefined), [undefined, undefined]);
});

test("attributes come in ingress-nginx's order", () => {
  assert.equal(setCookie(cookie({}), "u", "b", view), "S=u|b; Path=/a; HttpOnly");
  const all = cookie({ expires: 60, maxAge: 30, domain: "x.example", secure: true, sameSite: "Lax" });
  assert.equal(setCookie(all, "u", "b", view), "S=u|b; Expires=in 60 s; Max-Age=30; Domain=x.example; Path=/a; Secure; HttpOnly; SameSite=Lax");
  assert.equal(setCookie(cookie({}), "u", "b", { ...view, https: true }), "S=u|b; Path=/a; Secure; HttpOnly");
});

const OLD = [
  "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) AppleWebKit/605.1.15 Version/12.0 Safari/604.1",
  "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Safari/604.1",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/605.1.15",
];
const NEW = [
  "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
  "curl/7.88.1",
  undefined,
];

test("SameSite=None is left out for browsers that misread it, when that is asked for", () => {
  for (const userAgent of OLD) {
    assert.equal(understandsNone(userAgent), false, userAgent);
    const seen = { ...view, userAgent };
    assert.equal(setCookie(cookie({ sameSite: "None", conditionalNone: true }), "u", "b", seen), "S=u|b; Path=/a; HttpOnly");
    assert.match(setCookie(cookie({ sameSite: "None" }), "u", "b", seen), /SameSite=None$/);
    assert.match(setCookie(cookie({ sameSite: "Lax", conditionalNone: true }), "u", "b", seen), /SameSite=Lax$/);
  }
  for (const userAgent of NEW) {
    assert.equal(understandsNone(userAgent), true, userAgent);
    assert.match(setCookie(cookie({ sameSite: "None", conditionalNone: true }), "u", "b", { ...view, userAgent }), /SameSite=None$/);
  }
});
