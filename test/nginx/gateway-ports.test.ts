/** Ports of Gateways, on real nginx: which cost a reload, what becomes of those that go, and of those that others have. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, ruleTo, serviceAt } from "../support/gateways.ts";
import { documents, site } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const ADDRESS = "127.9.3.1";
const ARGS = ["--gateway-api", "--gateway-addresses=127.9.3.0/24"];

let echo: EchoBackend;
let sluice: Sluice;
let ports: readonly number[];
let stranger: Server;

const gateway = (...used: readonly number[]): string => documents(gatewayOf("shop", ADDRESS, used.map((port) => httpListener(`l${port}`, port))));
const status = async (port: number): Promise<number> => (await ask({ address: ADDRESS, port, host: "shop.example", path: "/" })).status;

before(async () => {
  echo = await startEcho("web");
  ports = await freePorts(3);
  sluice = await startSluice({
    args: ARGS,
    files: {
      "web.yaml": serviceAt("web", echo.port), "class.yaml": documents(GATEWAY_CLASS), "gateway.yaml": gateway(ports[0] ?? 0),
      "route.yaml": documents(httpRoute({ name: "web", parents: ["shop"], rules: [ruleTo("web")] })),
      "ingress.yaml": site({ name: "ingress", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }),
    },
  });
});
after(async () => {
  stranger?.close();
  await Promise.all([sluice?.stop(), echo?.close()]);
});

test("a port that nothing listened on costs one reload, and none when it goes and comes again", async () => {
  const [first = 0, second = 0] = ports;
  assert.equal(await status(first), 200);
  assert.equal((await sluice.apply({ "gateway.yaml": gateway(first, second) })).reloads, 1);
  assert.equal(await status(second), 200);
  assert.equal((await sluice.apply({ "gateway.yaml": gateway(first) })).reloads, 1);
  assert.equal(await status(second), 404, "Ingresses are not served where a Gateway was");
  assert.equal((await sluice.apply({ "gateway.yaml": gateway(first, second) })).reloads, 1);
  assert.equal(await status(second), 200);
});

test("a port that another process has is said, and everything else is served", async () => {
  const [first = 0, , third = 0] = ports;
  stranger = await new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).listen(third, ADDRESS, () => resolve(server));
  });
  await sluice.apply({ "gateway.yaml": gateway(first, third), "lost.yaml": documents(httpRoute({ name: "lost", parents: [{ name: "shop", sectionName: `l${third}` }], rules: [ruleTo("web")] })), "more.yaml": documents(gatewayOf("other", "127.9.3.2", [httpListener("one", first)]), httpRoute({ name: "other", parents: ["other"], rules: [ruleTo("web")] })) });
  assert.equal(await status(first), 200);
  assert.equal((await ask({ address: "127.9.3.2", port: first, host: "x.example", path: "/" })).status, 200);
  assert.match(sluice.log(), new RegExp(`ports of Gateways cannot be had.*${third} \\(EADDRINUSE\\)`));
  const { text } = await sluice.ask("/api/v1/findings");
  assert.match(text, new RegExp(`${third}\\\\" cannot be opened: another process uses it`));
  const late = await runCommand(["wait", "gateway/shop/shop", `--healthz-port=${sluice.health}`, "--timeout=0s"]);
  assert.deepEqual([late.code, late.stderr.split("\n")[0]], [1, `Gateway shop/shop is not programmed after 0 s: port ${third} cannot be opened on this machine; it is tried again`]);
  // Of a route one open port is enough.
  const lost = await runCommand(["wait", "httproute/shop/lost", `--healthz-port=${sluice.health}`, "--timeout=0s"]);
  assert.deepEqual([lost.code, lost.stderr.split("\n")[0]], [1, `HTTPRoute shop/lost is not programmed after 0 s: port ${third} cannot be opened on this machine; it is tried again`]);
  assert.equal((await runCommand(["wait", "httproute/shop/web", `--healthz-port=${sluice.health}`, "--timeout=10s"])).code, 0);
});

test("a controller that takes over a living nginx knows the ports that it has", async () => {
  const [first = 0, second = 0] = ports;
  await sluice.apply({ "gateway.yaml": gateway(first, second) });
  sluice.process.kill("SIGKILL");
  await new Promise((resolve) => sluice.process.once("exit", resolve));
  assert.equal(await status(second), 200);
  sluice = await startSluice({ args: ARGS, successorOf: sluice });
  assert.equal(await status(second), 200);
  assert.equal((await sluice.generation()).reloads, 0);
});
