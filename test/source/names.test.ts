import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { isLocalAddress } from "../../src/support/addresses.ts";
import { candidates, NO_SEARCH, parseResolvConf } from "../../src/source/names/resolv-conf.ts";
import { resolveNames } from "../../src/source/names.ts";
import type { Names } from "../../src/source/names.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { dnsServer } from "./dns-server.ts";

interface Started {
  readonly names: Names;
  readonly snapshot: Snapshot;
  readonly logged: string[];
  calls: number;
  until(holds: () => boolean): Promise<void>;
}

function start(t: TestContext, resolver: string, allowLocalTargets = false, ipv6?: () => boolean): Started {
  const snapshot = new Snapshot();
  const logged: string[] = [];
  let waiters: (() => void)[] = [];
  const wakeAll = (): void => {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };
  const names = resolveNames({
    resolver,
    allowLocalTargets,
    ...(ipv6 ? { ipv6 } : {}),
    snapshot,
    changed() {
      started.calls++;
      wakeAll();
    },
    log(_level, message) {
      logged.push(message);
      wakeAll();
    },
  });
  // The timers under test do not keep the process alive, so the test does.
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  t.after(() => names.stop());
  const started: Started = {
    names,
    snapshot,
    logged,
    calls: 0,
    async until(holds) {
      while (!holds()) await new Promise<void>((resolve) => waiters.push(resolve));
    },
  };
  return started;
}

const addresses = ({ snapshot }: Started, name: string): readonly string[] | undefined => snapshot.get("ResolvedName", "", name)?.addresses;

test("IPv4 is preferred, IPv6 is taken where there is no other", async (t) => {
  const server = await dnsServer(t);
  server.zone.set("both.example", { addresses: ["10.0.0.2", "10.0.0.1", "fd00::1"], ttl: 60 });
  server.zone.set("six.example", { addresses: ["fd00::2"], ttl: 60 });
  const started = start(t, server.address);
  started.names.want(new Set(["both.example", "six.example."]));
  await started.until(() => started.snapshot.all("ResolvedName").size === 2);
  assert.deepEqual(addresses(started, "both.example"), ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(addresses(started, "six.example."), ["fd00::2"]);
  assert.ok(!server.asked.includes("AAAA both.example"));
});

test("IPv6 is not asked for where the operator wants none, from the next look-up on", async (t) => {
  const server = await dnsServer(t);
  server.zone.set("six.example", { addresses: ["fd00::2"], ttl: 60 });
  let ipv6 = false;
  const started = start(t, server.address, false, () => ipv6);
  started.names.want(new Set(["six.example"]));
  while (server.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  ipv6 = true;
  await started.until(() => addresses(started, "six.example")?.[0] === "fd00::2");
  assert.deepEqual(server.asked, ["A six.example", "A six.example", "AAAA six.example"]);
});

test("a name is asked for again when its TTL ends, failures keep it, its end drops it", async (t) => {
  const server = await dnsServer(t);
  server.zone.set("a.example", { addresses: ["10.0.0.1"], ttl: 0 });
  const started = start(t, server.address);
  started.names.want(new Set(["a.example"]));
  await started.until(() => addresses(started, "a.example")?.[0] === "10.0.0.1");
  server.zone.set("a.example", { addresses: ["10.0.0.2"], ttl: 0 });
  await started.until(() => addresses(started, "a.example")?.[0] === "10.0.0.2");
  const before = started.snapshot.get("ResolvedName", "", "a.example");
  server.zone.set("a.example", "SERVFAIL");
  await started.until(() => started.logged.length > 0);
  assert.equal(started.snapshot.get("ResolvedName", "", "a.example"), before);
  server.zone.set("a.example", "NXDOMAIN");
  await started.until(() => addresses(started, "a.example")?.length === 0);
  assert.equal(started.calls, 3);
});

test("addresses of this machine are refused, unless allowed", async (t) => {
  const server = await dnsServer(t);
  server.zone.set("a.example", { addresses: ["127.0.0.1", "10.0.0.1", "169.254.169.254"], ttl: 60 });
  for (const [allowed, taken, refused] of [
    [false, ["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]],
    [true, ["10.0.0.1", "127.0.0.1", "169.254.169.254"], []],
  ] as const) {
    const started = start(t, server.address, allowed);
    started.names.want(new Set(["a.example"]));
    await started.until(() => started.calls > 0);
    const found = started.snapshot.get("ResolvedName", "", "a.example");
    assert.deepEqual([found?.addresses, found?.refused], [taken, refused]);
  }
});

test("a name that does not exist is known to have no addresses; one no longer wanted is forgotten", async (t) => {
  const server = await dnsServer(t);
  const started = start(t, server.address);
  started.names.want(new Set(["none.example", "10.0.0.1"]));
  await started.until(() => started.snapshot.all("ResolvedName").size === 2);
  assert.deepEqual([addresses(started, "none.example"), addresses(started, "10.0.0.1")], [[], []]);
  assert.deepEqual(server.asked, ["A none.example", "AAAA none.example"]);
  started.names.want(new Set());
  assert.equal(started.snapshot.all("ResolvedName").size, 0);
});

for (const [address, local] of [
  ["127.8.0.1", true], ["0.0.0.0", true], ["169.254.1.1", true], ["224.0.0.1", true], ["255.255.255.255", true], ["10.0.0.1", false],
  ["::1", true], ["::", true], ["fe80::1", true], ["ff02::1", true], ["::ffff:127.0.0.1", true], ["fd00::1", false], ["2001:db8::1", false],
] as const) {
  test(`${address} is ${local ? "local" : "not local"}`, () => assert.equal(isLocalAddress(address), local));
}

test("resolv.conf decides what a short name stands for", () => {
  const rules = parseResolvConf("# c\nnameserver 10.0.0.10\nsearch shop.svc.cluster.local. svc.cluster.local ; c\noptions edns0 ndots:2\n");
  assert.deepEqual(rules, { domains: ["shop.svc.cluster.local", "svc.cluster.local"], dots: 2 });
  assert.deepEqual(candidates("web", rules), ["web.shop.svc.cluster.local", "web.svc.cluster.local", "web"]);
  assert.deepEqual(candidates("a.b.example", rules), ["a.b.example", "a.b.example.shop.svc.cluster.local", "a.b.example.svc.cluster.local"]);
  assert.deepEqual(candidates("web.", rules), ["web"]);
  assert.deepEqual(candidates("web", NO_SEARCH), ["web"]);
  assert.deepEqual(parseResolvConf(""), NO_SEARCH);
});
