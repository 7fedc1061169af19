/** What deploy/kustomize/components add to an installation, on top of every overlay. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSettings } from "../../src/settings.ts";
import { kubectlMissing, KUSTOMIZE, kustomizations, withComponents, type ApiObject } from "../support/kubectl.ts";
import { podOf } from "../support/pod-template.ts";
import { complaint, schemasMissing } from "../support/published-schemas.ts";

const COMPONENTS = readdirSync(join(KUSTOMIZE, "components")).sort();

const find = (objects: readonly ApiObject[], kind: string, name: string): ApiObject => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `no ${kind} ${name}`);
  return found;
};

for (const folder of kustomizations()) {
  test(`all components together go with ${folder}, and start a Sluice that takes its arguments`, { skip: kubectlMissing ?? false }, async (t) => {
    const objects = withComponents(folder, COMPONENTS);
    const [controller] = podOf(objects).spec.containers;
    assert.ok(controller);
    // The kubelet replaces $(POD_NAMESPACE) in the arguments; here the test does.
    const [command, ...argv] = controller.args;
    assert.equal(command, "run");
    const settings = parseSettings(argv.map((word) => word.replace("$(POD_NAMESPACE)", "ingress-nginx")), "run", {});
    assert.deepEqual([settings.validatingWebhook, settings.validatingWebhookCertificate, settings.secrets, settings.dashboard, settings.dashboardTokenReview], [":8443", "/etc/sluice/webhook/tls.crt", "named", true, true]);
    if (schemasMissing) return t.diagnostic(schemasMissing);
    for (const object of objects) assert.equal(await complaint(object), undefined, `${object.kind} ${object.metadata.name}`);
  });
}

test("with named-secrets the ClusterRole speaks of no Secret any more", { skip: kubectlMissing ?? false }, () => {
  const rules = (name: readonly string[]): string => JSON.stringify(find(withComponents("base", name), "ClusterRole", "ingress-nginx")["rules"]);
  assert.match(rules([]), /"secrets"/);
  assert.doesNotMatch(rules(["named-secrets"]), /"secrets"/);
});

test("the webhook's configuration, its Service and the pod fit together", { skip: kubectlMissing ?? false }, () => {
  const objects = withComponents("base", ["admission-webhook"]);
  const [webhook] = find(objects, "ValidatingWebhookConfiguration", "ingress-nginx-admission")["webhooks"] as { clientConfig: { service: { name: string; namespace: string } }; failurePolicy: string }[];
  assert.equal(webhook?.failurePolicy, "Ignore");
  const service = find(objects, "Service", webhook?.clientConfig.service.name ?? "");
  assert.equal(service.metadata.namespace, webhook?.clientConfig.service.namespace);
  const { selector, ports } = service["spec"] as { selector: Record<string, string>; ports: { targetPort: string }[] };
  const workload = find(objects, "Deployment", "ingress-nginx-controller") as ApiObject & { spec: { template: { metadata: { labels: Record<string, string> } } } };
  for (const [label, value] of Object.entries(selector)) assert.equal(workload.spec.template.metadata.labels[label], value);
  const [controller] = podOf(objects).spec.containers as unknown as { ports: { name: string; containerPort: number }[] }[];
  assert.equal(controller?.ports.find(({ name }) => name === ports[0]?.targetPort)?.containerPort, 8443);
});
