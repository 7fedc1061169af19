/** SHA-512 of crypt(3): the vectors of its specification, and what openssl makes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { saltOf, sha512Crypt } from "../src/support/sha512-crypt.ts";

const hash = (password: string, salt: string, rounds?: number): string => sha512Crypt(Buffer.from(password), salt, rounds);

/** https://www.akkadia.org/drepper/SHA-crypt.txt */
for (const [password, salt, rounds, expected] of [
  ["Hello world!", "saltstring", undefined, "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"],
  ["Hello world!", "saltstringsaltstring", 10_000, "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."],
  ["This is just a test", "toolongsaltstring", 5000, "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"],
  ["a very much longer text to encrypt.  This one even stretches over morethan one line.", "anotherlongsaltstring", 1400,
    "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1"],
  ["we have a short salt string but not a short password", "short", 77_777, "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0"],
  ["a short string", "asaltof16chars..", 123_456, "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1"],
  ["the minimum number is still observed", "roundstoolow", 10, "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX."],
] as const) {
  test(`the specification's vector for the salt ${salt}`, () => assert.equal(hash(password, salt, rounds), expected));
}

test("passwords of every length around a digest's, as openssl hashes them", () => {
  const lengths = [1, 2, 31, 63, 64, 65, 127, 128, 129, 255];
  const passwords = [...lengths.map((length) => "x".repeat(length)), "pässwörd", "a b\tc"];
  const made = execFileSync("openssl", ["passwd", "-6", "-salt", "Zx9.k/2Qabcdefgh", "-stdin"], { input: `${passwords.join("\n")}\n`, encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(passwords.map((password) => hash(password, "Zx9.k/2Qabcdefgh")), made);
});

test("a salt has a letter for each byte", () => {
  assert.match(saltOf(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))), /^[./0-9A-Za-z]{256}$/);
});
