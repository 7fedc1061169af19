/** Reasons: the matcher gives one for each answer that it decides; for nginx's own answers, nginx's map and the edge give the same one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../edge/src/match.ts";
import { reasonOf } from "../../edge/src/reasons.ts";
import { REASON_ROWS } from "../../src/compile/reasons.ts";
import { asked, host, route, tablesWith } from "./routes.ts";

/** The reason that nginx's map gives: that of the first pattern that matches. */
function byMap(status: number, headerTime: string): string | undefined {
  const key = `|${status}|${headerTime}`;
  return REASON_ROWS.find(([pattern]) => new RegExp(pattern.slice(1)).test(key))?.[1];
}

test("nginx's map and the edge say the same of every status, whatever became of the attempts", () => {
  let said = 0;
  for (let status = 100; status < 600; status++) {
    for (const headerTime of ["", "-", "0.001", "-, -", "0.100, -", "-, 0.200", "- : 0.004"]) {
      const reason = reasonOf(status, headerTime);
      if (reason !== undefined) said++;
      assert.equal(byMap(status, headerTime), reason, `${status} ${headerTime}`);
    }
    assert.equal(reasonOf(status, undefined), reasonOf(status, ""), String(status));
  }
  assert.ok(said > 500, String(said));
});

test("what the edge said comes first in the map", () => {
  const [pattern = ""] = REASON_ROWS[0] ?? [];
  assert.equal(new RegExp(pattern.slice(1)).exec("no-endpoints|200|0.004")?.groups?.["sluice_said"], "no-endpoints");
});

test("decisions have their reasons", () => {
  const clients = { mode: "on", depth: 1 } as const;
  const tables = tablesWith([
    host("x.example", {
      "/": route("P"), "/empty/": route("empty"), "/default/": route("upstream-default-backend"), "=/slash": route("P", { slash: true }),
      "/closed/": route("", { respond: 503 }), "/health/": route("", { respond: 200 }), "/tls/": route("P", { https: "always" }),
      "/moved/": route("P", { detour: { redirect: { status: 301, url: "https://a/" } } }),
    }),
    { ...host("strict.example", { "/": route("P") }), special: { clients, handshake: { context: "c" } } },
    { ...host("refused.example", { "/": route("P") }), special: { clients: { mode: "refused", depth: 1 } } },
    { ...host("root.example", { "/": route("P") }), special: { appRoot: "/app" } },
  ], ["P", "empty"]);
  const reason = (name: string, path: string, variables: Readonly<Record<string, string>> = {}): string => {
    const { pool, reason: why } = decide(tables, asked(variables), name, path, false);
    return pool === undefined ? why : "proxied";
  };
  const at = (path: string): string => reason("x.example", path);
  assert.deepEqual(
    ["/", "/empty/", "/default/", "/slash", "/closed/", "/health/", "/tls/", "/moved/"].map(at),
    ["proxied", "no-endpoints", "no-route", "redirect-slash", "misconfigured", "health-check", "redirect-https", "redirect-annotation"],
  );
  assert.equal(reason("root.example", "/"), "redirect-app-root");
  assert.equal(reason("refused.example", "/"), "misconfigured");
  assert.equal(reason("strict.example", "/", { https: "on", context: "other" }), "misdirected");
  assert.equal(reason("strict.example", "/", { https: "on", context: "c", ssl_client_verify: "NONE" }), "denied-by-certificate");
  assert.equal(reason("nobody.example", "/"), "not-programmed");
});
