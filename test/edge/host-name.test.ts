/** Which names a request may have as its host where no rule names the host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../edge/src/match.ts";
import { isHostName } from "../../edge/src/host-name.ts";
import { asked, host, route, tablesWith } from "./routes.ts";

test("names and addresses are host names, however long; what holds another character is none", () => {
  for (const name of ["a", "a.b-c_d.example", "UPPER.example", "_", "10.0.0.1", "[::1]", "[2001:DB8::192.0.2.1]", "a".repeat(8000)]) assert.ok(isHostName(name), name);
  for (const name of ["a@b", "a,b", "a?b", "a#b", "a\\b", "a%2eb", "b\u00fccher", "a b", "a\0b", "*.a", "[]", "[:]", "[::1", "[::1]x", "[g::]", "[a@b]", "x[::1]", "a:b"]) assert.ok(!isHostName(name), name);
});

test("only hosts that no rule names are looked at so", () => {
  const tables = tablesWith([host("_", { "/": route("a") }), host("x.example", { "/": route("a") })], ["a"]);
  const answered = (name: string): readonly unknown[] => {
    const { status, reason, host: found } = decide(tables, asked(), name, "/", false);
    return [status, status === 0 ? undefined : reason, found?.name];
  };
  assert.deepEqual(["x.example", "y.example", "y@x.example"].map(answered), [[0, undefined, "x.example"], [0, undefined, "_"], [400, "bad-request", undefined]]);
});
