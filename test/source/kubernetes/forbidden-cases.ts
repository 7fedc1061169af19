/** What a Kubernetes source must do when rights are missing, with any API server. */
import assert from "node:assert/strict";
import { configMap, ingress, secret, service, slice } from "./cases.ts";
import type { Declare, FollowIn } from "./cases.ts";
import type { Followed } from "./follow.ts";

/** Kinds that are followed as a whole collection; `many`: of these, only wanted objects are kept. */
const FOLLOWED = [
  ["ingresses", "Ingress", false], ["services", "Service", false], ["endpointslices", "EndpointSlice", false], ["secrets", "Secret", true], ["configmaps", "ConfigMap", true],
] as const;

/** Whether the Snapshot has the object itself, not just a mark that it may not be read. */
function known({ source: { snapshot } }: Followed, kind: (typeof FOLLOWED)[number][1], key: string): boolean {
  const [namespace = "", name = ""] = key.split("/");
  const found = snapshot.get(kind, namespace, name);
  return found !== undefined && !("forbidden" in found);
}

export function forbiddenCases(with_: Declare, followIn: FollowIn): void {
  for (const [plural, kind, many] of FOLLOWED) {
    with_(`${plural} that may not be read are a finding, nobody waits for them, and they are read as soon as they may be`, async (server, namespace, t) => {
      // Forty wanted objects: so many that the source would read the whole collection instead of each one.
      const named = Array.from({ length: many ? 40 : 1 }, (_, n) => `web${n}`);
      for (const one of [ingress, service, (name: string) => slice(name, "web"), (name: string) => secret(name, "1"), (name: string) => configMap(name, {})]) {
        for (const name of named) await server.create(namespace, one(name));
      }
      const { kubeconfig, grant } = await server.restricted(plural);
      const followed = followIn(t, server, namespace, { kubeconfig });
      const keys = named.map((name) => `${namespace}/${name}`);
      const want = followed.source.want({ secrets: new Set(keys), configMaps: new Set(keys) });
      await followed.started;
      await want;
      await followed.source.sync(AbortSignal.timeout(30_000));
      assert.equal(followed.log.filter((line) => line.startsWith(`warn needs list on ${plural}`)).length, 1, "said once, however often it is tried");
      const [found] = followed.source.findings;
      assert.deepEqual([found?.code, found?.object, followed.source.findings.length], ["kind-forbidden", { kind, namespace, name: "" }, 1]);
      assert.match(found?.effect ?? "", /until they can be read|counts as/);
      assert.ok(followed.log.some((line) => line.startsWith("warn needs ") && line.includes(`grant it with kubectl create role sluice-${plural} -n ${namespace}`)), followed.log.join("\n"));
      for (const [, other] of FOLLOWED.filter(([one]) => one !== plural)) assert.equal(followed.names(other).filter((key) => key.startsWith(`${namespace}/web`)).length, named.length, other);
      const unread = keys.filter((key) => known(followed, kind, key));
      assert.deepEqual(unread, []);
      await grant();
      await followed.until(() => keys.every((key) => known(followed, kind, key)));
      await followed.until(() => followed.source.findings.length === 0);
      assert.equal(followed.source.classesReadable, true);
    });
  }

  with_("the controller's own ConfigMap is waited for when it may not be read: it may keep requests out", async (server, namespace, t) => {
    await server.create(namespace, configMap("settings", { a: "1" }));
    const { kubeconfig, grant } = await server.restricted("configmaps");
    const followed = followIn(t, server, namespace, { kubeconfig, configmap: `${namespace}/settings` });
    await followed.untilLogged(new RegExp(`warn needs list on configmaps ${namespace}/settings: grant it`));
    await followed.until(() => followed.source.findings.length === 2);
    assert.deepEqual(new Set(followed.source.findings.map(({ code }) => code)), new Set(["kind-forbidden"]));
    assert.match(followed.source.trouble ?? "", /^Sluice's account may not list configmaps; grant it with/);
    const never = Symbol("still waiting");
    assert.equal(await Promise.race([followed.started, new Promise((resolve) => setTimeout(resolve, 500, never))]), never);
    await grant();
    await followed.started;
    assert.deepEqual(followed.names("ConfigMap"), [`${namespace}/settings`]);
    await followed.until(() => followed.source.findings.length === 0);
  });
}
