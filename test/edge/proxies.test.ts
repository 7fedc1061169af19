/** The edge reads addresses as Node does, and finds the client's among those of proxies. */
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { includes } from "../../edge/src/networks.ts";
import { addressBytes, clientOf } from "../../edge/src/proxies.ts";
import { compileNetworks } from "../../src/model/grammar/networks.ts";

const group = fc.stringMatching(/^[0-9a-fA-F]{1,4}$/);
const text = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.array(fc.oneof(group, fc.constantFrom(":", "::", ".", ""), fc.ipV4()), { maxLength: 12 }).map((all) => all.join("")),
  fc.array(group, { minLength: 7, maxLength: 9 }).map((all) => all.join(":")),
  fc.stringMatching(/^[0-9a-f:.]{0,30}$/),
);

test("the edge reads the addresses that there are, and no others", () => {
  fc.assert(fc.property(text, (one) => {
    // nginx reads 01.2.3.4 as 1.2.3.4; Node refuses it.
    fc.pre(!/(?:^|[.:])0[0-9]+(?:\.|$)/.test(one) || one.includes("%"));
    const bytes = addressBytes(one);
    assert.equal(bytes !== undefined, isIP(one) !== 0, one);
    if (bytes !== undefined) assert.ok(includes(compileNetworks([one]), bytes), one);
  }), { numRuns: 20_000 });
});

test("the client is the last address that is no trusted proxy", () => {
  const trusted = compileNetworks(["10.0.0.0/8", "::1"]);
  for (const [peer, chain, client] of [
    ["192.0.2.1", "10.0.0.1", "192.0.2.1"],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "192.0.2.9", "192.0.2.9"],
    ["10.0.0.1", "6.6.6.6,192.0.2.9 , ::1", "192.0.2.9"],
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["10.0.0.1", "192.0.2.9, unknown", "10.0.0.1"],
    ["10.0.0.1", "192.0.2.9,,10.0.0.2", "10.0.0.2"],
    ["unix:", "192.0.2.9", "unix:"],
  ] as const) assert.equal(clientOf(peer, chain, trusted), client, `${peer} ${chain}`);
});
