/** What the report says of the rights that ingress-nginx's account has. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NEEDED, rulesOf } from "../../src/migrate/rights.ts";
import { objectsIn } from "../support/kubectl.ts";
import { ROOT } from "../support/sluice.ts";
import { reportOfTexts } from "./judged.ts";

const stock = readFileSync(join(ROOT, "test/migrate/stock.yaml"), "utf8");
const rights = async (text: string): Promise<string> => (await reportOfTexts(new Map([["all.yaml", text]]))).report.rights;
const own = readFileSync(join(ROOT, "deploy/kustomize/base/cluster-role.yaml"), "utf8");

test("what Sluice needs is what its ClusterRole grants", () => {
  const [role] = objectsIn(own).filter(({ kind }) => kind === "ClusterRole");
  assert.deepEqual(NEEDED, rulesOf({ value: role }));
});

test("a ClusterRole that is bound to the account is compared, and what it lacks has its name", async () => {
  assert.match(await rights(stock), /ClusterRole ingress-nginx would not be enough: it lacks get of secrets; get of configmaps; get of namespaces; patch of ingresses\/status \(networking\.k8s\.io\)\. /);
  const older = stock.replaceAll("rbac.authorization.k8s.io/v1\n", "rbac.authorization.k8s.io/v1beta1\n").replaceAll("discovery.k8s.io", "other.example").replaceAll("networking.k8s.io]", "extensions]").replaceAll("[events]", "[pods]");
  const text = await rights(older);
  for (const one of ["get, list, watch of ingresses (networking.k8s.io)", "list, watch of ingressclasses (networking.k8s.io)", "list, watch of endpointslices (discovery.k8s.io)", "create, patch of events", "rbac.authorization.k8s.io/v1beta1, which Kubernetes no longer has"]) assert.ok(text.includes(one), `${one}: ${text}`);
});

test("Sluice's own ClusterRole is enough; without one that is bound nothing is said of any", async () => {
  const workload = stock.split("\n---\n").find((text) => /^kind: Deployment$/m.test(text)) ?? "";
  assert.match(await rights(`${workload}\n---\n${own}`), /ClusterRole ingress-nginx would be enough in all namespaces\. /);
  assert.doesNotMatch(await rights(workload), /enough/);
  assert.doesNotMatch(await rights(`${workload}\n---\n${own.replace("- kind: ServiceAccount\n  name: ingress-nginx", "- kind: ServiceAccount\n  name: other")}`), /enough/);
});
