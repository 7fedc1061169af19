import assert from "node:assert/strict";
import { test } from "node:test";
import { readTrust } from "../../src/model/secrets/ca-secret.ts";
import { cipherList, errorPageUrl, subjectPattern } from "../../src/model/annotations/features/host-tls-types.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { authority, issued, revocationList } from "../support/authority.ts";

const shop = authority("Shop");
const other = authority("Other");

function trust(data: Readonly<Record<string, string>>): ReturnType<typeof readTrust> {
  const bytes = Object.entries(data).map(([key, text]) => [key, new PrivateBytes(text)] as const);
  return readTrust({ kind: "Secret", metadata: { namespace: "shop", name: "ca" }, data: Object.fromEntries(bytes) });
}

test("a CA Secret: certificates, and lists of revoked ones, with nothing around them", () => {
  const list = revocationList(shop, [issued(shop, "/CN=bob")]);
  const empty = revocationList(other, []);
  const text = `Shop's and the other one's\n${shop.chain}\n# comment\n${other.chain}`;
  assert.deepEqual(trust({ "ca.crt": text }), { ca: shop.chain + other.chain });
  assert.deepEqual(trust({ "ca.crt": shop.chain, "ca.crl": `x\n${list}${empty}` }), {
    ca: shop.chain,
    crl: list + empty,
  });
});

test("what cannot be used is said, never left out", () => {
  const broken = (kind: string): string => `-----BEGIN ${kind}-----\nbm90aGluZw==\n-----END ${kind}-----\n`;
  assert.match(String(trust({ "tls.crt": shop.chain, "tls.key": shop.key })), /^has no ca\.crt/);
  assert.match(String(trust({ "ca.crt": "nothing" })), /no PEM certificate/);
  assert.match(String(trust({ "ca.crt": shop.chain + broken("CERTIFICATE") })), /ca\.crt that does not parse/);
  assert.match(String(trust({ "ca.crt": shop.chain, "ca.crl": "nothing" })), /no PEM revocation list/);
  assert.match(String(trust({ "ca.crt": shop.chain, "ca.crl": revocationList(shop, []) + broken("X509 CRL") })), /ca\.crl that does not parse/);
});

test("pages are URLs, of https where they do not say", () => {
  const url = (text: string): string | undefined => errorPageUrl.parse(text)?.value;
  assert.equal(url("http://help.example:8080/a/b.html"), "http://help.example:8080/a/b.html");
  assert.equal(url("help.example/a"), "https://help.example/a");
  assert.equal(url("https://help.example/"), "https://help.example/");
  for (const bad of ["@page", "/page", "https://", "https://help.example/?a=b", "https://help.example/a b", "javascript:alert", "https://a\r\nb"]) {
    assert.equal(url(bad), undefined, bad);
  }
});

test("patterns of subjects start with CN= and are whole", () => {
  for (const good of ["CN=alice", "CN=(?i)alice", "CN=[a-z]+,O=shop$", "CN=(?P<name>a)", "CN=(?i:a)"]) assert.ok(subjectPattern.parse(good), good);
  for (const bad of ["alice", "cn=alice", "CN=(", "CN=[", "CN=a**", "CN=a\nb", `CN=${"a".repeat(2000)}`]) assert.equal(subjectPattern.parse(bad), undefined, bad);
});

test("lists of ciphers are OpenSSL's, for TLS 1.2", () => {
  for (const good of ["HIGH:!aNULL", "ECDHE-RSA-AES128-GCM-SHA256", "DEFAULT@SECLEVEL=1"]) assert.ok(cipherList.parse(good), good);
  for (const bad of ["", "NO-SUCH", "HIGH;", "HIGH DEFAULT", "TLS_AES_128_GCM_SHA256", "!ALL"]) assert.equal(cipherList.parse(bad), undefined, bad);
});
