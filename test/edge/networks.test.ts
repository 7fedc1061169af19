import assert from "node:assert/strict";
import { BlockList, isIPv4 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { includes } from "../../edge/src/networks.ts";
import { compileNetworks, isNetwork } from "../../src/model/grammar/networks.ts";

/** An address in bytes, as nginx's $binary_remote_addr has it. */
function binary(address: string): string {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number)).toString("latin1");
  const [first = 0, second = 0, third = 0, fourth = 0] = compileNetworks([address]).v6 ?? [];
  const bytes = Buffer.alloc(16);
  [first, second, third, fourth].forEach((word, index) => bytes.writeUInt32BE(word, index * 4));
  return bytes.toString("latin1");
}

test("addresses and networks of both families, with the rest of the list around them", () => {
  const list = compileNetworks(["10.1.2.3/8", "192.0.2.7", "2001:db8::/32", "::1", "203.0.113.128/25"]);
  for (const inside of ["10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::1", "203.0.113.128"]) {
    assert.ok(includes(list, binary(inside)), inside);
  }
  for (const outside of ["9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "2001:db7::", "2001:db9::", "::2", "203.0.113.127", "0.0.0.0", "255.255.255.255"]) {
    assert.ok(!includes(list, binary(outside)), outside);
  }
  assert.deepEqual(compileNetworks(["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16"]), { v4: [10 * 2 ** 24, 11 * 2 ** 24 - 1] }, "neighbours become one");
  assert.ok(includes(compileNetworks(["0.0.0.0/0"]), binary("255.255.255.255")));
  assert.ok(includes(compileNetworks(["::/0"]), binary("ffff::1")));
  assert.ok(!includes(compileNetworks(["::/0"]), binary("10.0.0.1")));
  assert.ok(!includes({}, binary("10.0.0.1")));
  assert.ok(!includes(compileNetworks(["0.0.0.0/0", "::/0"]), "unix:"), "a unix socket is in no network");
});

test("an IPv4 address in IPv6 clothes is the IPv4 address, in lists and as a client", () => {
  const mapped = Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255, 192, 0, 2, 9])]).toString("latin1");
  assert.ok(includes(compileNetworks(["192.0.2.0/24"]), mapped));
  assert.ok(!includes(compileNetworks(["::/0"]), mapped));
  assert.deepEqual(compileNetworks(["::ffff:192.0.2.0/120"]), compileNetworks(["192.0.2.0/24"]));
});

test("what is no network", () => {
  for (const bad of ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "2001:db8::/129", "fe80::1%eth0", "a.example", "10.0.0.0/-1", "010.0.0.1", "*"]) {
    assert.ok(!isNetwork(bad), bad);
  }
});

test("any list says what Node's own says", () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const v6 = fc.tuple(fc.ipV6().filter((text) => !text.includes(".")), fc.integer({ min: 0, max: 128 }));
  fc.assert(
    fc.property(fc.array(fc.oneof(v4, v6), { maxLength: 12 }), fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 12 }), (networks, others) => {
      // One list per family: for Node an IPv4 address is in ::/0, for nginx it is not.
      const models = { ipv4: new BlockList(), ipv6: new BlockList() };
      const family = (address: string): "ipv4" | "ipv6" => (isIPv4(address) ? "ipv4" : "ipv6");
      for (const [address, length] of networks) models[family(address)].addSubnet(address, length, family(address));
      const list = compileNetworks(networks.map(([address, length]) => `${address}/${length}`));
      for (const address of [...others, ...networks.map(([one]) => one)]) {
        if (family(address) === "ipv6" && compileNetworks([address]).v4) continue;
        assert.equal(includes(list, binary(address)), models[family(address)].check(address, family(address)), address);
      }
    }),
  );
});

test("a list that many paths have is compiled once", () => {
  const list = ["10.0.0.0/8"];
  assert.equal(compileNetworks(list), compileNetworks(list));
});
