/** Services of type ExternalName: DNS resolves their names, here to loopback, which a flag allows. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { dnsServer, type DnsServer } from "../source/dns-server.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice, type SluiceOptions } from "../support/sluice.ts";

const NAME = "backend.outside.example";
const HOST = "shop.example";
let one: EchoBackend;
let two: EchoBackend;

before(async () => {
  one = await startEcho("one", "127.0.0.1");
  two = await startEcho("two", "127.0.0.2", one.port);
});
after(async () => {
  await one?.close();
  await two?.close();
});

/** An Ingress with a Service of type ExternalName. */
function manifests(externalName: string, port: number): string {
  const [ingress = ""] = site({ name: "web", host: HOST, endpoints: [] }).split("---\n");
  const spec = { type: "ExternalName", externalName, ports: [{ port: 80, targetPort: port }] };
  return `${ingress}---\n${documents({ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec })}`;
}

async function start(dns: DnsServer, flags: readonly string[], options: SluiceOptions): Promise<Sluice> {
  return await startSluice({ ...options, args: [`--resolver=${dns.address}`, ...flags] });
}

/** Asks until the answer is the wanted one, because Sluice resolves names in intervals of their own. */
async function until(sluice: Sluice, wanted: string | number): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const { status, echo } = await ask({ port: sluice.http, host: HOST });
    if (status === wanted || echo?.backend === wanted) return;
    assert.ok(Date.now() < deadline, `still ${status} ${echo?.backend ?? ""}, not ${wanted}`);
    await sleep(20);
  }
}

test("a name is resolved, followed when it moves, and gone when DNS says so", async (t) => {
  const dns = await dnsServer(t);
  dns.zone.set(NAME, { addresses: ["127.0.0.1"], ttl: 1 });
  const sluice = await start(dns, ["--allow-local-targets"], { files: { "web.yaml": manifests(NAME, one.port) } });
  t.after(() => sluice.stop());
  await until(sluice, "one");
  const { echo } = await ask({ port: sluice.http, host: HOST });
  assert.equal(echo?.headers["host"], HOST);

  dns.zone.set(NAME, { addresses: ["127.0.0.2"], ttl: 1 });
  await until(sluice, "two");

  dns.zone.set(NAME, "SERVFAIL");
  const asked = dns.asked.length;
  while (dns.asked.length === asked) await sleep(20);
  await until(sluice, "two");

  dns.zone.delete(NAME);
  await until(sluice, 503);
  assert.equal((await sluice.generation()).reloads, 0);
});

test("a name of several addresses is balanced over all", async (t) => {
  const dns = await dnsServer(t);
  dns.zone.set(NAME, { addresses: ["127.0.0.1", "127.0.0.2"], ttl: 60 });
  const sluice = await start(dns, ["--allow-local-targets"], { files: { "web.yaml": manifests(`${NAME}.`, one.port) } });
  t.after(() => sluice.stop());
  await until(sluice, "one");
  await until(sluice, "two");
});

test("unless it is allowed, a name that comes to lead to this machine is refused", async (t) => {
  const dns = await dnsServer(t);
  dns.zone.set(NAME, { addresses: ["192.0.2.1"], ttl: 1 });
  const sluice = await start(dns, [], { files: { "web.yaml": manifests(NAME, one.port) } });
  t.after(() => sluice.stop());
  const findings = async (): Promise<string> => (await sluice.ask("/api/v1/findings")).text;
  while (dns.asked.length === 0) await sleep(20);
  assert.doesNotMatch(await findings(), /external-name-refused/);
  dns.zone.set(NAME, { addresses: ["127.0.0.1"], ttl: 1 });
  while (!(await findings()).includes("external-name-refused")) await sleep(20);
  assert.match(await findings(), /DNS leads it to 127\.0\.0\.1/);
  assert.equal((await ask({ port: sluice.http, host: HOST })).status, 503);
});
