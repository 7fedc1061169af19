/** Parsers of certificates, users and passwords. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hashCost, isAffordable, isWorthHashing } from "../../edge/src/password-cost.ts";
import { parseBasic, verifyPassword, type Hashing } from "../../edge/src/password.ts";
import { countOf, isFor, issued, parseDigest } from "../../edge/src/digest-auth.ts";
import { readTrust } from "../../src/model/secrets/ca-secret.ts";
import { readSecretState } from "../../src/model/secrets/certificates.ts";
import { parseUserFile, parseUserMap } from "../../src/model/secrets/user-file.ts";
import { selfSigned } from "../../src/engine/agent/default-certificate.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { secret } from "../support/objects.ts";
import type { Parser } from "./parser.ts";

const { certificate, key } = selfSigned(new Date(0));
/** The certificate's bytes, as they stand between its lines: an edit of the text is one of the DER. */
const DER = Buffer.from(certificate.replace(/-----[^-]*-----|\s/g, ""), "base64").toString("latin1");
const pem = (der: string): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der, "latin1").toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

const hash = (algorithm: string, text: string): Buffer => createHash(algorithm).update(Buffer.from(text, "latin1")).digest();
const unbase64 = (text: string): string | undefined => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, "base64").toString("latin1") : undefined);
const HASHING: Hashing = {
  md5: (text) => hash("md5", text).toString("latin1"), sha1: (text) => hash("sha1", text).toString("latin1"), base64: (bytes) => Buffer.from(bytes, "latin1").toString("base64"),
  unbase64, crypt: () => undefined,
};
const seal = (text: string): string => hash("sha256", text).toString("hex");

/** What a Secret with this text is good for, whichever of its values the text is. */
function readCertificates(text: string): void {
  for (const data of [{ "tls.crt": text, "tls.key": key }, { "tls.crt": certificate, "tls.key": text }]) {
    const { certificate: read, problem } = readSecretState(secret("shop/tls", data), undefined);
    assert.ok(read !== undefined || (problem !== undefined && !/\n|-----/.test(problem)), problem);
    if (read) read.covers("shop.example");
  }
  for (const data of [{ "ca.crt": text }, { "ca.crt": certificate, "ca.crl": text }]) {
    const trust = readTrust(secret("shop/ca", data));
    if (typeof trust === "string") assert.doesNotMatch(trust, /\n|-----/);
  }
}

const HTPASSWD = "bob:$apr1$Zx9.k/2Q$1ZyY4oJcS5u7OQ0wS1r4h/\nann:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=\n# c\neve:$2y$05$abcdefghijklmnopqrstuuGQ4M9rU8zzsmAykUcNPpJjYvt2Q1rWa\nrod:$6$rounds=5000$salt$hash\nyes:$y$j9T$salt$hash\nold:abJnggxhB/yWI:comment\n";

export const OF_CREDENTIALS: readonly Parser[] = [
  { names: ["readSecretState", "readTrust"], seeds: [certificate, certificate + certificate, key, "-----BEGIN X509 CRL-----\nMII=\n-----END X509 CRL-----\n"], take: readCertificates },
  { names: ["readSecretState (DER)"], seeds: [DER], take: (text) => readCertificates(pem(text)) },
  {
    names: ["parseUserFile", "parseUserMap"], seeds: [HTPASSWD, "bob:realm:0123456789abcdef0123456789abcdef\n", "bob:{PLAIN}secret", HTPASSWD.replaceAll("\n", "\r\n")],
    take: (text) => {
      for (const kind of ["basic", "digest"] as const) {
        const { problems } = parseUserFile(new PrivateBytes(text), kind);
        for (const { line, why } of problems) assert.ok(line >= 1 && !why.includes("\n"));
        parseUserMap({ [text]: new PrivateBytes(text), __proto__: new PrivateBytes("x") }, kind);
      }
    },
  },
  {
    names: ["hashCost", "isAffordable", "isWorthHashing", "verifyPassword"], seeds: HTPASSWD.split("\n").map((line) => line.slice(line.indexOf(":") + 1)).concat("$7$CU..../....salt", "_J9..rasm", "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$sha1$40000$salt$x", "$md5,rounds=5$x$"),
    take: (text) => {
      const cost = hashCost(text, 12);
      if (cost !== undefined) assert.ok(cost.microseconds >= 0 && cost.bytes >= 0);
      if (isAffordable(text)) assert.ok(cost !== undefined && cost.microseconds <= 300_000);
      isWorthHashing(text, 1000);
      if (text.length < 10_000) assert.equal(verifyPassword("a\0", text, HASHING), false);
      if (text.length < 10_000) verifyPassword("secret", text, HASHING);
    },
  },
  { names: ["parseBasic"], seeds: [`Basic ${Buffer.from("bob:se:cret").toString("base64")}`, "basic   Ym9iOg=="], take: (text) => assert.notEqual(parseBasic(text, unbase64)?.user, "") },
  {
    names: ["parseDigest", "issued", "countOf"], seeds: ['Digest username="bob", realm="r", nonce="n", uri="/a?b", qop=auth, nc=00000001, cnonce="c", response="0123456789abcdef0123456789abcdef"', "digest username=bob,qop=\"auth\"", "0123456789abcdef0123456789abcdef0123456789abcdef"],
    take: (text) => {
      const answer = parseDigest(text);
      if (answer !== undefined) assert.ok(answer.qop === "auth" && !answer.cnonce.includes('"'));
      issued(text, seal);
      countOf(text);
      isFor(text, "/a?b");
    },
  },
];
