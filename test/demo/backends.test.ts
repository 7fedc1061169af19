import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { demoBackends, type Backends } from "../../src/demo/backends.ts";
import { standInsOf } from "../../src/model/backends/given-endpoints.ts";
import { takeNetwork, type Network } from "../support/cases/network.ts";
import { externalName, service, slice, snapshotOf } from "../support/objects.ts";

let network: Network;
let backends: Backends;
let address: string;
let port: number;

before(async () => {
  network = await takeNetwork();
  address = network.toLocal("10.0.1.1");
  port = await freePort();
  backends = demoBackends({ notFound: "nobody", standIns: true });
});
after(async () => {
  await backends?.close();
  await network?.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function ask(at = `${address}:${port}`): Promise<string> {
  return (await (await fetch(`http://${at}/`)).text()).split(" at ")[0] ?? "";
}

test("a Service that is renamed keeps its backend, also while files are half written and both names are there", async () => {
  await backends.follow(snapshotOf(slice("shop/old", port, address)));
  assert.equal(await ask(), "old");
  await backends.follow(snapshotOf(slice("shop/old", port, address), slice("shop/new", port, address)));
  assert.equal(await ask(), "new+old");
  await backends.follow(snapshotOf(slice("shop/new", port, address)));
  assert.equal(await ask(), "new");
});

test("a Service may ask for backends that fail a share of the requests, and for other ones while they run", async () => {
  const failing = (share: string) => snapshotOf(slice("shop/shaky", port, address), { ...service("shop/shaky", "80"), metadata: { namespace: "shop", name: "shaky", annotations: { "demo.sluice.ingress/fails": share } } });
  const statuses = async (): Promise<number> => {
    let failed = 0;
    for (let i = 0; i < 40; i++) {
      const { status } = await fetch(`http://${address}:${port}/`);
      assert.ok(status === 200 || status === 500);
      if (status === 500) failed++;
    }
    return failed;
  };
  await backends.follow(failing("10%"));
  assert.equal(await statuses(), 4);
  await backends.follow(failing("50%"));
  assert.equal(await statuses(), 20);
  await backends.follow(failing("a lot"));
  assert.equal(await statuses(), 0);
});

test("a port that somebody else has is said, and the others are served", async () => {
  const busy = createServer();
  const other = network.toLocal("10.0.1.2");
  await new Promise<void>((resolve) => busy.listen(port, other, resolve));
  try {
    const snapshot = snapshotOf(slice("shop/busy", port, other), slice("shop/new", port, address));
    await assert.rejects(backends.follow(snapshot), /where busy should answer, is in use by another process/);
    assert.equal(await ask(), "new");
  } finally {
    busy.close();
  }
});

test("every Service that nothing puts on this machine has stand-ins, and loses them with its name", async () => {
  const web = service("shop/web", "80", "8080");
  await backends.follow(snapshotOf(web, slice("shop/web", 80, "10.0.0.9"), externalName("shop/out", "192.0.2.1", "80")));
  const ports = web.spec.ports ?? [];
  const places = ports.flatMap((one) => standInsOf(web, one, [])).map((one) => `${one.address}:${one.port}`);
  assert.equal(new Set(places).size, 4);
  for (const place of places) assert.equal(await ask(place), "web");
  await backends.follow(snapshotOf());
  for (const place of places) await assert.rejects(ask(place));
});
