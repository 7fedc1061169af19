/** Rolling updates of one Service, as a Deployment does them: a new pod, then an old one leaves and ends a little later. */
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type EchoBackend } from "../../test/support/echo.ts";
import { live, type Change, type ChurnInput } from "./change.ts";
import { ingress, pathOf, ROLLING_HOST, service, slice, type SiteObject } from "./site.ts";
import { echoOf, rest } from "./traffic/client.ts";

export interface RollingUpdates {
  /** Replaces the oldest pod. */
  update(this: void): Promise<Change>;
  close(): Promise<void>;
}

const PODS = 2;
/** What pods wait between their removal and their end, for those who have not heard of it. */
const GRACE_MS = 3000;

export async function startRollingUpdates(input: ChurnInput, write: (object: SiteObject) => Promise<void>, signal: AbortSignal): Promise<RollingUpdates> {
  let serial = 0;
  const pods: { index: number; backend: EchoBackend }[] = [];
  const begin = async (): Promise<EchoBackend> => {
    const index = serial++;
    const backend = await startEcho(`pod-${index}`);
    await write(slice("rolling", index, backend.port));
    pods.push({ index, backend });
    return backend;
  };
  for (const object of service("rolling")) await write(object);
  for (let i = 0; i < PODS; i++) await begin();
  await write(ingress("rolling", ROLLING_HOST, "rolling"));
  // Traffic may ask for it from now on.
  await live(input, "first pods", { host: ROLLING_HOST, path: "/churn" }, ({ status }) => status === 200);
  return {
    async update() {
      const { name } = await begin();
      const change = await live(input, "pod added", { host: ROLLING_HOST, path: "/churn" }, (answer) => echoOf(answer)?.backend === name);
      const oldest = pods.shift();
      if (oldest) {
        await deleteSlice(input, oldest.index, signal);
        for (let left = GRACE_MS; left > 0 && !signal.aborted; await rest(signal, 100)) if (!input.disturbed()) left -= 100;
        // Whoever still believes in it gets no answer now.
        await oldest.backend.close();
      }
      return change;
    },
    async close() {
      await Promise.all(pods.map(({ backend }) => backend.close()));
    },
  };
}

async function deleteSlice({ cluster }: ChurnInput, index: number, signal: AbortSignal): Promise<void> {
  const path = pathOf({ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" }, `rolling-${index}`);
  while (!signal.aborted && !(await cluster.ask("DELETE", path).then(() => true, ({ status }: { status?: number }) => status === 404))) await sleep(200);
}
