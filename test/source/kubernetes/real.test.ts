/** The Kubernetes source against a real kube-apiserver: the common cases, and those that only a real server can show. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { getHeapSnapshot } from "node:v8";
import { envtestMissing } from "../../support/envtest.ts";
import { realApi } from "./api.ts";
import { cases, ingress, secret } from "./cases.ts";
import { follow, secretsOnly } from "./follow.ts";
import { forbiddenCases } from "./forbidden-cases.ts";

if (envtestMissing) test(envtestMissing, { skip: true });
else {
  describe("a real API server", () => cases(realApi, { pages: 1, more: forbiddenCases }));

  test("the account of a pod", { timeout: 60_000 }, async (t) => {
    const api = await realApi();
    t.after(() => api.stop());
    const folder = await mkdtemp(join(tmpdir(), "sluice-pod-"));
    t.after(() => rm(folder, { recursive: true }));
    await copyFile(api.envtest.ca, join(folder, "ca.crt"));
    await writeFile(join(folder, "token"), "expired");
    const pod = follow(t, {
      kubeconfig: "", serviceAccount: folder,
      env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: `${api.gate.port}` },
    });
    await pod.untilLogged(/does not accept our credentials/);
    await writeFile(join(folder, "token"), `${api.envtest.token}\n`);
    await pod.started;
    assert.match(pod.source.description, /^https:\/\/127\.0\.0\.1:\d+ \(service account of this pod\)$/);

    await t.test("--apiserver-host and --certificate-authority stand in for what the pod says, with its token", async (t) => {
      await writeFile(join(folder, "ca.crt"), "nobody's");
      const given = follow(t, {
        kubeconfig: "", serviceAccount: folder, env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" },
        apiserverHost: api.envtest.server, certificateAuthority: api.envtest.ca, namespaces: true, watchNamespace: "default",
      });
      await given.started;
      assert.ok(given.names("Namespace").includes("/kube-system"));
      const slip = follow(t, {
        kubeconfig: "", serviceAccount: folder, env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" },
        apiserverHost: api.envtest.server, certificateAuthority: api.envtest.ca, watchNamespace: "defualt",
      });
      await assert.rejects(slip.started, /There is no namespace "defualt"/);
    });

    await t.test("an unwanted Secret leaves nothing in memory", async () => {
      // The marks are bytes outside of V8's heap, so that the search does not find the test's own copy.
      const [unwanted, control] = [newMark(), newMark()];
      await api.create("default", secret("unwanted", unwanted.toString("latin1")));
      await api.create("default", ingress("control", { mark: encoded(control).toString("latin1") }));
      await pod.source.want(secretsOnly(["default/wanted"]));
      await pod.source.sync(AbortSignal.timeout(30_000));
      await api.patch("default", "Secret", "unwanted", { metadata: { labels: { seen: "yes" } } });
      await api.create("default", secret("wanted", "1"));
      await pod.until(() => pod.source.snapshot.all("Secret").size === 1);
      assert.deepEqual(await inHeap([encoded(control), encoded(unwanted)]), [true, false]);
    });
  });
}

const newMark = (): Buffer => Buffer.from(randomBytes(24).toString("hex"), "latin1");
/** A mark as it is in the JSON of a Secret: in base64. */
const encoded = (mark: Buffer): Buffer => Buffer.from(mark.toString("base64"), "latin1");

/** For each mark, whether it occurs in V8's heap. */
async function inHeap(marks: readonly Buffer[]): Promise<boolean[]> {
  const found = marks.map(() => false);
  let before = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    const text = Buffer.concat([before, chunk as Buffer]);
    marks.forEach((mark, at) => {
      if (text.includes(mark)) found[at] = true;
    });
    before = Buffer.from(text.subarray(-100));
  }
  return found;
}
