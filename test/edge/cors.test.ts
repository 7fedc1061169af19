import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedOrigin, varyByOrigin, type AllowedOrigin } from "../../edge/src/cors.ts";

const allowed = (origins: AllowedOrigin[] | undefined, origin: string | undefined): string | undefined =>
  allowedOrigin({ ...(origins ? { origins } : {}), headers: [] }, origin);

test("without a list every request is allowed, also one without Origin", () => {
  assert.equal(allowed(undefined, "https://a.example"), "*");
  assert.equal(allowed(undefined, undefined), "*");
});

test("an origin is compared as a whole, in any case, and comes back as it was written", () => {
  const list = [{ start: "https://a.example" }, { start: "http://b.example:8080" }, { start: "null" }];
  assert.equal(allowed(list, "https://a.example"), "https://a.example");
  assert.equal(allowed(list, "HTTPS://A.Example"), "HTTPS://A.Example");
  assert.equal(allowed(list, "http://b.example:8080"), "http://b.example:8080");
  assert.equal(allowed(list, "null"), "null");
  for (const other of [undefined, "", "http://a.example", "https://a.example:443", "https://evil-a.example", "https://a.example.evil",
    "xhttps://a.example", "http://b.example", "https://a.example/", "https://aXexample"]) {
    assert.equal(allowed(list, other), undefined, other);
  }
});

test("a wildcard is one label, and not none", () => {
  const list = [{ start: "https://", end: ".a.example:8443" }];
  assert.equal(allowed(list, "https://x-1.a.example:8443"), "https://x-1.a.example:8443");
  assert.equal(allowed(list, "https://X.a.example:8443"), "https://X.a.example:8443");
  for (const other of ["https://a.example:8443", "https://.a.example:8443", "https://x.y.a.example:8443", "https://x.a.example",
    "https://x_y.a.example:8443", "http://x.a.example:8443", "https://evil/.a.example:8443"]) {
    assert.equal(allowed(list, other), undefined, other);
  }
});

test("no list entry, no origin", () => {
  assert.equal(allowed([], "https://a.example"), undefined);
});

test("Vary keeps what the backend said", () => {
  assert.equal(varyByOrigin(undefined), "Origin");
  assert.equal(varyByOrigin(""), "Origin");
  assert.equal(varyByOrigin("Accept-Encoding"), "Accept-Encoding, Origin");
  assert.equal(varyByOrigin("Accept-Encoding, origin"), "Accept-Encoding, origin");
  assert.equal(varyByOrigin("*"), "*");
  assert.equal(varyByOrigin("X-Origin"), "X-Origin, Origin");
});
