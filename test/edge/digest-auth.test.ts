import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import {
  authenticationInfo, challenge, countOf, isFor, isFresh, isRight, issued, makeNonce, parseDigest,
} from "../../edge/src/digest-auth.ts";

const md5 = (text: string): string => createHash("md5").update(Buffer.from(text, "latin1")).digest("hex");
const seal = (text: string): string => createHmac("sha256", "key").update(text).digest("hex");
const NOW = 1_700_000_000;

test("the example of RFC 7616, 3.9.1", () => {
  const header =
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ' +
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ' +
    'qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  const answer = parseDigest(header);
  assert.ok(answer);
  const ha1 = md5("Mufasa:http-auth@example.org:Circle of Life");
  assert.ok(isRight(answer, ha1, "GET", md5));
  assert.ok(!isRight(answer, ha1, "POST", md5));
  assert.ok(!isRight(answer, md5("Mufasa:http-auth@example.org:circle of life"), "GET", md5));
  assert.match(authenticationInfo(answer, ha1, md5), /^qop="auth", rspauth="[0-9a-f]{32}", cnonce="f2[^"]*", nc=00000001$/);
});

test("the challenge as nginx's module writes it", () => {
  assert.equal(challenge("A realm", "abc", false), 'Digest algorithm="MD5", qop="auth", realm="A realm", nonce="abc"');
  assert.equal(challenge("", "abc", true), 'Digest algorithm="MD5", qop="auth", realm="", nonce="abc", stale="true"');
});

test("a nonce is ours, or it is not", () => {
  const nonce = makeNonce(NOW, "0badcafe", seal);
  assert.equal(issued(nonce, seal), NOW);
  assert.equal(issued(nonce, (text) => seal(`${text}!`)), undefined);
  for (const forged of ["", nonce.slice(1), nonce.replace("0badcafe", "0badcaff"), `${nonce}0`, "f".repeat(nonce.length)]) assert.equal(issued(forged, seal), undefined);
});

test("a challenge may be answered for a minute, and a nonce be used for ten seconds after", () => {
  assert.ok(isFresh(NOW, undefined, NOW + 59.9) && !isFresh(NOW, undefined, NOW + 60));
  assert.ok(isFresh(NOW, NOW + 59, NOW + 68.9) && !isFresh(NOW, NOW + 5, NOW + 15));
});

test("counts from 1 to 19", () => {
  assert.deepEqual(["00000001", "13", "00000013"].map(countOf), [1, 19, 19]);
  assert.deepEqual(["00000000", "14", "", "x", "-1", "000000001", "00000001 "].map(countOf), Array.from({ length: 7 }, () => undefined));
});

test("the URI must be the request's, but for the query", () => {
  assert.ok(isFor("/a?b", "/a?b") && isFor("/a", "/a?b"));
  assert.ok(!isFor("/a", "/ab") && !isFor("/a?b", "/a") && !isFor("/", "/a"));
});

test("headers that say too little, or no sense, are no answer", () => {
  const whole = 'Digest username="b\\"ob", realm="r", nonce="n", uri="/", qop=auth, nc=1, cnonce="c", response="x"';
  assert.deepEqual(parseDigest(whole), { username: 'b"ob', realm: "r", nonce: "n", uri: "/", qop: "auth", nc: "1", cnonce: "c", response: "x" });
  const bad = [
    undefined, "", "Digest", "Digest ", "Basic abc", whole.replace("qop=auth", "qop=auth-int"), whole.replace("qop=auth, ", ""), whole.replace(' nc=1,', ""),
    whole.replace('response="x"', 'response="x'), whole.replace('cnonce="c"', 'cnonce="c\\"; evil"'), "Digest ,,,", "Digest =", 'Digest a="', "Digest a",
  ];
  for (const header of bad) assert.equal(parseDigest(header), undefined, String(header));
});
