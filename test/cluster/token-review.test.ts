/** Who may look at the dashboard with a token of the cluster: on a real API server with RBAC. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { eventually, READING, startCluster, type Cluster } from "../support/cluster.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const NONE = { everywhere: [], atHome: [] };
const REVIEWS = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
];

describe("the API server's review of who looks at the dashboard", { skip: envtestMissing ?? false, timeout: 240_000 }, () => {
  let cluster: Cluster;
  let sluice: Sluice;

  before(async () => {
    cluster = await startCluster();
    const kubeconfig = await cluster.account("controller", { ...READING, everywhere: [...READING.everywhere, ...REVIEWS] });
    sluice = await startSluice({ args: [`--kubeconfig=${kubeconfig}`, "--dashboard", "--dashboard-token-review"] });
  });
  after(async () => {
    await sluice?.stop();
    await cluster?.stop();
  });

  /** An account's token. @param looks whether the account may get the dashboard's path. */
  const tokenOf = async (name: string, looks: boolean): Promise<string> => {
    const file = await cluster.account(name, NONE);
    if (looks) {
      const rbac = "/apis/rbac.authorization.k8s.io/v1";
      await cluster.ask("POST", `${rbac}/clusterroles`, { metadata: { name: `${name}-looks` }, rules: [{ nonResourceURLs: ["/dashboard/*"], verbs: ["get"] }] });
      await cluster.ask("POST", `${rbac}/clusterrolebindings`, {
        metadata: { name: `${name}-looks` }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `${name}-looks` },
        subjects: [{ kind: "ServiceAccount", namespace: "ingress", name }],
      });
    }
    return (JSON.parse(readFileSync(file, "utf8")) as { users: [{ user: { token: string } }] }).users[0].user.token;
  };

  /** The status of a question under a name that is not this machine's, so that a token is needed. */
  const look = (at: Sluice, token?: string): Promise<number> => new Promise((resolve, reject) => {
    const headers = { host: "sluice.example", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    request({ port: at.health, host: "127.0.0.1", path: "/dashboard/api/list/hosts", headers, agent: false }, (response) => resolve(response.resume().statusCode ?? 0)).on("error", reject).end();
  });

  test("an account that may get the path looks; one that may not, and a token of nobody, do not", async () => {
    const [viewer, other] = [await tokenOf("viewer", true), await tokenOf("other", false)];
    // RBAC's own caches follow within a moment.
    await eventually("the viewer looks", () => look(sluice, viewer), (status) => status === 200);
    for (const token of [other, "nobody", `${viewer}x`, viewer.split(".").slice(0, 2).join("."), undefined]) assert.equal(await look(sluice, token), 401, token?.slice(0, 20));
  });

  test("a token that nobody can be asked about now opens nothing, and is not waited for longer than a while", async () => {
    const late = await tokenOf("late", true);
    await cluster.gate.close();
    assert.equal(await look(sluice, late), 503);
    await cluster.gate.open();
    await eventually("the API server answers again", () => look(sluice, late), (status) => status === 200);
  });

  test("a controller without the rights to ask lets nobody in, and a finding says which it lacks", async () => {
    const viewer = await tokenOf("second-viewer", true);
    const kubeconfig = await cluster.account("rightless", READING);
    const closed = await startSluice({ args: [`--kubeconfig=${kubeconfig}`, "--dashboard", "--dashboard-token-review"] });
    try {
      assert.equal(await look(closed, viewer), 503);
      const findings = JSON.parse((await closed.ask("/api/v1/findings")).text) as readonly Finding[];
      const [finding] = findings.filter(({ code, sentence }) => code === "right-missing" && sentence.includes("tokenreviews"));
      assert.match(finding?.sentence ?? "", /may not create tokenreviews\.authentication\.k8s\.io: grant it with kubectl create clusterrole/);
      assert.equal(finding?.effect, "who shows a token is not let in to the dashboard");
    } finally {
      await closed.stop();
    }
  });
});
