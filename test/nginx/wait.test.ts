/** `sluice wait` against a Sluice that reads files: its sentences, its JSON and its exit codes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { GATEWAY_CLASS, gatewayOf, httpListener, httpRoute, ruleTo } from "../support/gateways.ts";
import { documents } from "../support/manifests.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const manifest = (name: string, annotations = ""): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, namespace: shop, annotations: {${annotations}}}
spec:
  ingressClassName: nginx
  rules: [{host: ${name}.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`;

let sluice: Sluice;
before(async () => {
  sluice = await startSluice({ files: { "web.yaml": manifest("web") } });
});
after(() => sluice?.stop());

const wait = (...args: string[]): Promise<Ended> => runCommand(["wait", `--healthz-port=${sluice.health}`, ...args]);

test("a change that was just written is waited for, and live when the command returns", async () => {
  for (const timeout of [11, 12, 13]) {
    sluice.write({ "web.yaml": manifest("web", `nginx.ingress.kubernetes.io/proxy-read-timeout: "${timeout}"`), "new.yaml": manifest(`new-${timeout}`) });
    const { code, stdout, stderr } = await wait(`ingress/shop/new-${timeout}`);
    assert.deepEqual([code, stdout.split("\n")[0]], [0, `Ingress shop/new-${timeout} is programmed`], stderr);
    assert.equal((await ask({ port: sluice.http, host: `new-${timeout}.example` })).status, 503, "its host is known, its Service is not");
  }
});

test("what cannot be served as it is ends the wait at once, with the finding", async () => {
  sluice.write({ "refused.yaml": manifest("refused", 'nginx.ingress.kubernetes.io/server-snippet: "return 204;"') });
  const refused = await wait("shop/refused");
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /^Ingress shop\/refused is refused as a whole\n {2}error: .*server-snippet/);
  const absent = await wait("ingress/shop/none");
  assert.deepEqual([absent.code, absent.stderr], [3, "There is no Ingress none in namespace shop where this Sluice looks: write it as ingress/NAMESPACE/NAME\n"]);
  // `ingress/web`, with which kubectl names an object of its default namespace, is read as NAMESPACE/NAME.
  assert.match((await wait("ingress/web")).stderr, /^There is no Ingress web in namespace ingress where/);
  assert.match((await wait("gateway/web")).stderr, /: write it as gateway\/NAMESPACE\/NAME\n$/);
  sluice.write({ "other.yaml": manifest("other").replace("ingressClassName: nginx", "ingressClassName: other") });
  const other = await wait("ingress/shop/other");
  assert.equal(other.code, 3);
  assert.match(other.stderr, /^Ingress shop\/other is not of our class: this Sluice does not serve it\n/);
});

test("JSON for machines", async () => {
  const { code, stdout } = await wait("ingress/shop/web", "--output=json");
  assert.equal(code, 0);
  const { state, ingress } = JSON.parse(stdout) as { state: string; ingress: string };
  assert.deepEqual({ state, ingress }, { state: "programmed", ingress: "shop/web" });
});

test("Gateways and routes are waited for as Ingresses are", async () => {
  const [port] = await freePorts(1);
  const there = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.7.0/24"],
    files: { "gateway.yaml": documents(GATEWAY_CLASS, gatewayOf("shop", "127.9.7.1", [httpListener("http", port)])) },
  });
  const waitThere = (...args: string[]): Promise<Ended> => runCommand(["wait", `--healthz-port=${there.health}`, ...args]);
  const route = (name: string, parent: string): string => documents(httpRoute({ name, parents: [parent], hostnames: [`${name}.example`], rules: [ruleTo("web")] }));
  try {
    for (const word of ["gateway", "gtw", "Gateways.gateway.networking.k8s.io"]) assert.deepEqual(await waitThere(`${word}/shop/shop`), { code: 0, stdout: "Gateway shop/shop is programmed\n", stderr: "" });
    for (const name of ["one", "two", "three"]) {
      there.write({ [`${name}.yaml`]: route(name, "shop") });
      const { code, stdout, stderr } = await waitThere(`httproute/shop/${name}`);
      assert.deepEqual([code, stdout.split("\n")[0]], [0, `HTTPRoute shop/${name} is programmed`], stderr);
      // Its Service is missing, and nobody else takes its requests.
      assert.equal((await ask({ address: "127.9.7.1", port, host: `${name}.example`, path: "/" })).status, 500);
    }
    there.write({ "lost.yaml": route("lost", "elsewhere"), "other.yaml": documents({ ...gatewayOf("other", undefined, []), spec: { gatewayClassName: "other", listeners: [] } }) });
    for (const [object, sentence] of [
      ["httproute/shop/lost", /^HTTPRoute shop\/lost names no Gateway that is ours as its parent: this Sluice does not serve it\n/],
      ["gateway/shop/other", /^Gateway shop\/other is not of our class: this Sluice does not serve it\n/],
      ["gateway/shop/none", /^There is no Gateway none in namespace shop where this Sluice looks \(is it run with --gateway-api\?\): write it as gateway\/NAMESPACE\/NAME\n/],
    ] as const) {
      const { code, stderr } = await waitThere(object);
      assert.equal(code, 3, stderr);
      assert.match(stderr, sentence);
    }
    there.write({ "refused.yaml": documents(httpRoute({ name: "refused", parents: [{ name: "shop", sectionName: "none" }], rules: [ruleTo("web")] })) });
    const refused = await waitThere("httproute/shop/refused");
    assert.deepEqual([refused.code, refused.stderr.split("\n")[0]], [3, "HTTPRoute shop/refused is refused as a whole"]);
    assert.match(refused.stderr, /has no listener named "none"/);
    assert.deepEqual((await waitThere("httproute/shop/one", "--for=rollout")).code, 2);
  } finally {
    await there.stop();
  }
});

test("nobody who answers, and nobody who says what for", async () => {
  const [free] = await freePorts(1);
  const nobody = await runCommand(["wait", "shop/web", `--healthz-port=${free}`, "--timeout=3s"]);
  assert.equal(nobody.code, 4);
  assert.equal(nobody.stderr, `waiting: no Sluice answers at 127.0.0.1:${free}: connection refused\nsluice: no Sluice answers at 127.0.0.1:${free}: connection refused.\n`);
  for (const [args, sentence] of [
    [[], 'sluice: What for? Write "sluice wait ingress/shop/web".\n'],
    [["web"], 'sluice: "web" is not ingress/NAMESPACE/NAME: write it like ingress/shop/web.\n'],
    [["pod/shop/web"], 'sluice: "pod" is none of the kinds ingress, gateway, listenerset, httproute, grpcroute: write it like ingress/shop/web.\n'],
    [["a/b", "c/d"], 'sluice: One object at a time: "c/d" is one too many; write it like ingress/shop/web.\n'],
    [["ingress", "shop/web"], 'sluice: One object at a time: "shop/web" is one too many; write it like ingress/shop/web.\n'],
    [["a/b", "--for=ready"], 'sluice: --for must be one of programmed, rollout, not "ready".\n'],
  ] as const) {
    const { code, stderr } = await runCommand(["wait", ...args]);
    assert.deepEqual([code, stderr], [2, sentence]);
  }
});

test("what waits for a reload is not programmed in time, and says so", async () => {
  const slow = await startSluice({ files: { "web.yaml": manifest("web") }, args: ["--reload-interval=3600"] });
  try {
    const timeout = (seconds: number): string => `nginx.ingress.kubernetes.io/proxy-next-upstream-timeout: "${seconds}"`;
    // The first new profiles are loaded at once.
    for (const seconds of [6, 7, 8, 9]) await slow.apply({ "web.yaml": manifest("web", timeout(seconds)) });
    slow.write({ "web.yaml": manifest("web", timeout(10)) });
    const { code, stderr } = await runCommand(["wait", "shop/web", `--healthz-port=${slow.health}`, "--timeout=2s"]);
    assert.equal(code, 1);
    assert.match(stderr, /^waiting: nginx is to be reloaded first\nIngress shop\/web is not programmed after 2 s: nginx is to be reloaded first\n/);
  } finally {
    await slow.stop();
  }
});
