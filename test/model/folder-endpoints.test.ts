/** Services of a folder, where no cluster writes EndpointSlices: what the finding tells people to write, and endpoints from elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDocument } from "../../src/source/manifests/read-object.ts";
import { parseSettings } from "../../src/settings.ts";
import type { AnyObject, Service } from "../../src/source/objects.ts";
import { build, buildWith, findingOf } from "../support/build.ts";
import { externalName, ingress, objectOf, service, slice } from "../support/objects.ts";
import type { Given } from "../support/objects.ts";
import type { Built } from "../../src/model/model.ts";

const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
const inFile = (one: Given): AnyObject => ({ ...objectOf(one), origin: { file: "a.yaml", document: 0, line: () => 1, column: () => 1 } });
const endpointsOf = ({ model }: Built, pool: string): readonly string[] => (model.pools.get(pool)?.endpoints ?? []).map(({ address, port }) => `${address}:${port}`);

test("the EndpointSlice that the finding shows gives the Service its endpoint, whatever its names", () => {
  const names = ["web", "on", "true", "null", "n1e3", "1e3", "123", "0x1f", "a.b"];
  const ports = ["80", "80:8080", "http=80:8080", "on=80:web", "y=80"];
  for (const name of names) {
    for (const port of ports) {
      const given = [ingress("shop/web").host("shop.example").path("/", `${name}:80`), inFile(service(`shop/${name}`, port))];
      const { severity, sentence } = findingOf(build(...given), "no-endpoints");
      assert.equal(severity, "error");
      const [document = "", flag = ""] = [/\{apiVersion.*\}\]\}/.exec(sentence)?.[0], /--endpoint=\S+$/.exec(sentence)?.[0]];
      const read = readDocument("b.yaml", { index: 0, startLine: 1, text: document }, { namespace: "default", gateways: false });
      assert.deepEqual(read.findings, [], document);
      const wanted = [`127.0.0.1:${port.endsWith("8080") ? 8080 : 80}`];
      assert.deepEqual(endpointsOf(build(...given, ...read.declared.map(({ object }) => object)), `shop/${name}/80`), wanted, document);
      const { endpoint } = parseSettings([flag, "--manifests=x"], "run", {});
      assert.deepEqual(endpointsOf(buildWith({ endpoint }, ...given), `shop/${name}/80`), wanted, flag);
    }
  }
});

test("a slice without a ready endpoint is named; in a cluster it is the pods' affair", () => {
  const web = service("shop/web", "80");
  const { sentence } = findingOf(build(shop, inFile(web), slice("shop/web", 80)), "no-endpoints");
  assert.equal(sentence, 'Service "web" has no ready endpoint for port "80" in web-1: add one there, or give --endpoint=shop/web=127.0.0.1:80');
  assert.equal(findingOf(build(shop, web), "no-endpoints").severity, "info");
});

test("--endpoint is of a Service or of one port, adds up, and holds in place of slices", () => {
  const web: Service = service("shop/web", "http=80:8080", "ajp=8009");
  const given = [shop.path("/ajp", "web:ajp"), web, slice("shop/web", 8080, "10.0.0.9"), service("shop/other", "80")];
  const look = (...flags: string[]): (readonly string[])[] => {
    const { endpoint } = parseSettings(["--manifests=x", ...flags.map((flag) => `--endpoint=${flag}`)], "run", {});
    const built = buildWith({ endpoint }, ...given);
    return [endpointsOf(built, "shop/web/80"), endpointsOf(built, "shop/web/ajp")];
  };
  assert.deepEqual(look("shop/other=127.0.0.1:1"), [["10.0.0.9:8080"], ["10.0.0.9:8009"]]);
  assert.deepEqual(look("shop/web=127.0.0.1:1"), [["127.0.0.1:1"], ["127.0.0.1:1"]]);
  assert.deepEqual(look("shop/web:http=127.0.0.1:1,[::1]:2", "shop/web:8009=127.0.0.1:3"), [["127.0.0.1:1", "::1:2"], ["127.0.0.1:3"]]);
  assert.deepEqual(look("shop/web:80=127.0.0.1:1", "shop/web:http=127.0.0.1:2")[0], ["127.0.0.1:1", "127.0.0.1:2"]);
});

test("a slip in --endpoint is one sentence", () => {
  const files = ["--manifests=x"];
  for (const text of ["", "web=127.0.0.1:80", "shop/web", "shop/web=", "shop/web=127.0.0.1", "shop/web=:80", "shop/web=127.0.0.1:0", "shop/web=localhost:80", "shop/web=127.0.0.1:80,", "shop/web:=127.0.0.1:80"]) {
    assert.throws(() => parseSettings([...files, `--endpoint=${text}`], "run", {}), /^UserError: --endpoint must be a Service and addresses with ports, such as /, text);
  }
  assert.throws(() => parseSettings(["--endpoint=shop/web=127.0.0.1:80"], "run", {}), /--endpoint is for objects from files/);
});

test("stand-ins are for Services that nothing puts on this machine, and each port has its own", () => {
  const built = (...more: Given[]): Built => buildWith({ standIns: true }, shop.path("/ajp", "web:8009"), ...more);
  const web = service("shop/web", "80", "8009");
  const first = endpointsOf(built(web), "shop/web/80");
  assert.equal(first.length, 2);
  for (const one of first) assert.match(one, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+:2[01]\d{3}$/);
  assert.equal(new Set([...first, ...endpointsOf(built(web), "shop/web/8009"), ...endpointsOf(build(shop, web), "shop/web/80")]).size, 4);
  assert.deepEqual(endpointsOf(built(web, slice("shop/web", 80, "10.0.0.9")), "shop/web/80"), first, "pods of a cluster cannot be reached from here");
  assert.deepEqual(endpointsOf(built(web, slice("shop/web", 80, "127.0.0.9")), "shop/web/80"), ["127.0.0.9:80"]);
  assert.deepEqual(endpointsOf(built(externalName("shop/web", "192.0.2.1", "80")), "shop/web/80"), ["192.0.2.1:80"]);
  const upstream = buildWith({ standIns: true }, shop.annotate("service-upstream", "true"), { ...web, spec: { ...web.spec, clusterIP: "10.96.0.1" } });
  assert.deepEqual(endpointsOf(upstream, "shop/web/80/cluster-ip"), first);
});
