/** What deploy/kustomize gives: exactly the golden files, valid by the published schemas, with the restrictions that the documentation promises. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { goldenFile } from "../support/golden.ts";
import { kubectlMissing, kustomizations, kustomize, objectsIn, type ApiObject } from "../support/kubectl.ts";
import { podOf, type Container } from "../support/pod-template.ts";
import { complaint, schemasMissing } from "../support/published-schemas.ts";

const TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount";

for (const folder of kustomizations()) {
  const golden = readFileSync(goldenFile(folder), "utf8");
  const objects = objectsIn(golden);

  test(`deploy/kustomize/${folder} is what its golden file says`, { skip: kubectlMissing ?? false }, () => {
    assert.ok(kustomize(folder) === golden, `${goldenFile(folder)} is out of date: look at the difference, then run "npm run deploy:golden"`);
  });

  test(`deploy/kustomize/${folder} is valid by the published schemas`, { skip: schemasMissing ?? false }, async (t) => {
    for (const object of objects) assert.equal(await complaint(object), undefined, `${object.kind} ${object.metadata.name}`);
    t.diagnostic(`valid: ${objects.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`).join(", ")}`);
  });

  describe(`deploy/kustomize/${folder} keeps its promises`, () => {
    const [controller, nginx] = containers(objects);
    assert.ok(controller && nginx);

    test("the token is in the controller's container and no other", () => {
      const { spec } = podOf(objects);
      assert.equal(spec.automountServiceAccountToken, false);
      const volumes = spec.volumes.filter((volume) => "projected" in volume || "secret" in volume).map(({ name }) => name);
      assert.deepEqual(volumes, ["token"]);
      assert.deepEqual(controller.volumeMounts.filter(({ name }) => name === "token").map(({ mountPath }) => mountPath), [TOKEN]);
      assert.deepEqual(nginx.volumeMounts.map(({ name }) => name), ["run", "temp"]);
      assert.ok(!("shareProcessNamespace" in spec), "the token would show under /proc/<pid>/root");
    });

    test("both run as the same ordinary user, on a root that cannot be written, without capabilities that they do not need", () => {
      const { spec } = podOf(objects);
      assert.deepEqual({ ...spec.securityContext, sysctls: undefined }, {
        runAsNonRoot: true, runAsUser: 101, runAsGroup: 82, seccompProfile: { type: "RuntimeDefault" }, sysctls: undefined,
      });
      for (const container of [controller, nginx]) {
        const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
        assert.deepEqual({ allowPrivilegeEscalation, readOnlyRootFilesystem, drop: capabilities.drop }, {
          allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, drop: ["ALL"],
        });
        // In a network of its own the pod may open any port; in the node's network nginx needs this one capability.
        const own: boolean = spec.hostNetwork === true && container === nginx;
        assert.deepEqual(capabilities.add ?? [], own ? ["NET_BIND_SERVICE"] : []);
      }
      assert.equal(spec.securityContext.sysctls === undefined, spec.hostNetwork === true);
    });

    test("both agree on the runtime folder, in memory, and on the grace period", () => {
      const { spec } = podOf(objects);
      assert.deepEqual(spec.volumes.find(({ name }) => name === "run")?.emptyDir, { medium: "Memory" });
      for (const flag of ["--runtime-dir", "--shutdown-grace-period"]) assert.equal(valueOf(nginx, flag), valueOf(controller, flag));
      const longest = Number(valueOf(nginx, "--shutdown-grace-period")) + Number(valueOf(nginx, "--shutdown-timeout"));
      assert.ok(spec.terminationGracePeriodSeconds > longest + 10);
    });
  });
}

function containers(objects: readonly ApiObject[]): readonly Container[] {
  return podOf(objects).spec.containers;
}

function valueOf({ args }: Container, flag: string): string {
  const found = args.find((word) => word.startsWith(`${flag}=`));
  assert.ok(found, `no ${flag}`);
  return found.slice(flag.length + 1);
}
