import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parseBasic, sameText, verifyPassword, type Hashing } from "../../edge/src/password.ts";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const unbase64 = (text: string): string | undefined => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, "base64").toString("latin1") : undefined);
const hashing: Hashing = {
  md5: (text) => createHash("md5").update(latin1(text)).digest("latin1"),
  sha1: (text) => createHash("sha1").update(latin1(text)).digest("latin1"),
  base64: (bytes) => latin1(bytes).toString("base64"),
  unbase64,
  crypt: (password, setting) => (setting === "$2y$known" ? `$2y$known` + (password === "right" ? "" : "!") : undefined),
};

const holds = (password: string, stored: string): boolean => verifyPassword(password, stored, hashing);

test("plain, SHA-1, salted SHA-1", () => {
  assert.ok(holds("secret", "{PLAIN}secret"));
  assert.ok(!holds("Secret", "{PLAIN}secret"));
  assert.ok(holds("secret", `{SHA}${createHash("sha1").update("secret").digest("base64")}`));
  const salted = Buffer.concat([createHash("sha1").update("secretsalt").digest(), Buffer.from("salt")]).toString("base64");
  assert.ok(holds("secret", `{SSHA}${salted}`));
  assert.ok(!holds("secret2", `{SSHA}${salted}`));
  assert.ok(!holds("secret", "{SSHA}AAAA"), "too short to hold a digest");
});

test("Apache's MD5, as openssl makes it", () => {
  for (const password of ["", "a", "secret", "0123456789abcdef", "a password of more than sixteen bytes", "pässwörd", "x".repeat(100)]) {
    const stored = execFileSync("openssl", ["passwd", "-apr1", "-salt", "Zx9.k/2Q", "-stdin"], { input: `${password}\n` }).toString().trim();
    const bytes = Buffer.from(password, "utf8").toString("latin1");
    assert.ok(holds(bytes, stored), `${password} ${stored}`);
    assert.ok(!holds(`${bytes}x`, stored));
  }
});

test("every other form is crypt's affair; a form that it does not know never holds", () => {
  assert.ok(holds("right", "$2y$known"));
  assert.ok(!holds("wrong", "$2y$known"));
  assert.ok(!holds("secret", "$9$unknown"));
  assert.ok(!holds("right\0and more", "$2y$known"), "to C the password would end there");
});

test("the Authorization header as nginx reads it", () => {
  const basic = (text: string): string => Buffer.from(text, "latin1").toString("base64");
  assert.deepEqual(parseBasic(`Basic ${basic("bob:se:cret")}`, unbase64), { user: "bob", password: "se:cret" });
  assert.deepEqual(parseBasic(`bAsIc   ${basic("bob:")}`, unbase64), { user: "bob", password: "" });
  for (const bad of [undefined, "", "Basic", "Basic ", `Basic ${basic("bob")}`, `Basic ${basic(":secret")}`, `Bearer ${basic("a:b")}`, "Basic !!", `Basic${basic("a:b")}`]) {
    assert.equal(parseBasic(bad, unbase64), undefined, String(bad));
  }
});

test("comparison looks at all of both texts", () => {
  assert.ok(sameText("", "") && sameText("abc", "abc"));
  assert.ok(!sameText("abc", "abd") && !sameText("abc", "abcd") && !sameText("", "a") && !sameText("\0", "\x80"));
});
