import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";
import { parseUserFile, parseUserMap, type UserFileKind } from "../../src/model/secrets/user-file.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";

const parse = (text: string | Buffer, kind: UserFileKind = "basic"): ReturnType<typeof parseUserFile> => parseUserFile(new PrivateBytes(text), kind);
const SHA = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";

test("htpasswd files: comments, blank lines, both line ends, the comment behind a second colon", () => {
  const { users, problems } = parse(`# users\r\n\nann:${SHA}:Ann Smith\r\nbob:$apr1$salt$abcdefghijklmnopqrstuv\ncarl:$2y$05$abcdefghijklmnopqrstuu\n`);
  assert.deepEqual(users.reveal(), { ann: SHA, bob: "$apr1$salt$abcdefghijklmnopqrstuv", carl: "$2y$05$abcdefghijklmnopqrstuu" });
  assert.deepEqual(problems, []);
});

test("lines that say nothing are told by number; the first line of a name counts", () => {
  const { users, problems } = parse(`ann:${SHA}\nann:{PLAIN}other\nnonsense\n:x\nbob:secret\ncarl:\n`);
  assert.deepEqual(users.reveal(), { ann: SHA });
  assert.deepEqual(problems.map(({ line }) => line), [2, 3, 4, 5, 6]);
  assert.ok(!JSON.stringify(problems).includes("secret"));
  assert.deepEqual(parse(Buffer.from("m\xfcller:{PLAIN}x", "latin1")).problems.map(({ why }) => why), ["is not UTF-8"]);
});

test("htdigest files", () => {
  const { users, problems } = parse(`ann:shop:0123456789abcdef0123456789ABCDEF\nann:mail:0123456789abcdef0123456789abcdef\nbob:${SHA}\n`, "digest");
  assert.deepEqual(users.reveal(), { "ann:shop": "0123456789abcdef0123456789abcdef", "ann:mail": "0123456789abcdef0123456789abcdef" });
  assert.deepEqual([...users.realms], ["shop", "mail"]);
  assert.deepEqual(problems.map(({ line }) => line), [3]);
});

test("a map of users: one line a value, so that a value cannot add others", () => {
  const { users } = parseUserMap({ bob: new PrivateBytes("{PLAIN}x\nroot:{PLAIN}y"), ann: new PrivateBytes(`${SHA}\n`), __proto__: new PrivateBytes("{PLAIN}z") }, "basic");
  assert.deepEqual(Object.entries(users.reveal()), [["ann", SHA], ["bob", "{PLAIN}x"]]);
});

test("names that are something else to JavaScript are names", () => {
  assert.deepEqual(Object.keys(parse("__proto__:{PLAIN}x\nconstructor:{PLAIN}y").users.reveal()), ["__proto__", "constructor"]);
});

test("users are never printed", () => {
  const { users } = parse("ann:{PLAIN}hush");
  for (const shown of [String(users), JSON.stringify(users), inspect(users, { depth: 9, showHidden: true })]) assert.ok(!shown.includes("hush"), shown);
});
