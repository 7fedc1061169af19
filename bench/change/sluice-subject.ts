/** Sluice as a subject: as `bin/sluice run` runs it, with two workers and no access log. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApiStandIn } from "../../test/support/api-stand-in.ts";
import { fill, kubeconfigOf } from "../api.ts";
import { configMap, ingressClass } from "../cluster.ts";
import { beginSluice, stopSluice } from "../sluices.ts";
import { applyTo, CONFIG_MAP } from "./objects.ts";
import { lockedBy, nginxProcesses, processorSeconds, type Subject, type SubjectInput } from "./subject.ts";

export async function startSluiceSubject({ dir, objects, args = [] }: SubjectInput): Promise<Subject> {
  mkdirSync(dir, { recursive: true });
  const api = await startApiStandIn();
  await fill(api.server, [ingressClass(), configMap({ "worker-processes": "2", "disable-access-log": "true" }), ...objects]);
  const kubeconfig = join(dir, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(api.server));
  const begun = performance.now();
  const sluice = await beginSluice({
    args: [`--kubeconfig=${kubeconfig}`, `--configmap=${CONFIG_MAP}`, "--reload-interval=10", ...args],
    env: { NODE_OPTIONS: "--max-semi-space-size=8" },
  });
  const readyMs = performance.now() - begun;
  const control = (): number[] => [sluice.process.pid as number, ...lockedBy(sluice.runtimeDir, "agent.lock")];
  return {
    name: "Sluice", http: sluice.http, https: sluice.https, readyMs, readySeconds: processorSeconds(control()),
    apply: (object, change) => applyTo(api.server, object, change),
    control,
    data: () => nginxProcesses(join(sluice.runtimeDir, "nginx.pid")),
    reloads: async () => (await sluice.generation()).reloads,
    async stop() {
      await stopSluice(sluice);
      await api.stop();
    },
  };
}
