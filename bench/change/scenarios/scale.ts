/**
 * Thousands of Ingresses, each with a Service and an endpoint of its own; then one endpoint changes each two seconds and one Ingress
 * each second, for minutes. Processor time and memory of what decides and of nginx; beside it, hosts that are added one at a time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiObject } from "../../cluster.ts";
import type { Backend } from "../../backend.ts";
import { untilLive } from "../asking.ts";
import { endpointsOf, ingressOf, serviceOf } from "../objects.ts";
import { row, started, type ChangeRow } from "../rows.ts";
import { churn, watchProcesses } from "../churn.ts";
import type { StartSubject } from "../subject.ts";
import { addOneByOne, probeServices, propagationRows } from "./propagation.ts";

const LIMIT_MS = 120_000;

export interface ScaleInput {
  readonly dir: string;
  readonly backend: Backend;
  readonly ingresses: number;
  readonly minutes: number;
  /** Hosts that are added one at a time beside the churn. */
  readonly probes: number;
}

export async function scale(start: StartSubject, { dir, backend, ingresses, minutes, probes }: ScaleInput): Promise<ChangeRow[]> {
  const nameOf = (i: number): string => `scale-${i}`;
  const ingress = (i: number, version: number): ApiObject =>
    ingressOf(nameOf(i), `${nameOf(i)}.bench`, [{ path: "/", service: nameOf(i) }, { path: `/v${version}`, service: nameOf(i) }]);
  const objects = Array.from({ length: ingresses }, (_, i) => [...serviceOf(nameOf(i), { 80: backend.first }), ingress(i, 0)]).flat();
  const subject = await start({ dir, objects: [...objects, ...probeServices(backend)] });
  try {
    await untilLive({ port: subject.http, host: `${nameOf(ingresses - 1)}.bench`, path: "/" }, performance.now(), ({ status }) => status === 200, () => true, LIMIT_MS);
    const watch = watchProcesses(subject);
    const stopping = new AbortController();
    const churning = churn(stopping.signal, {
      workload: (i) => subject.apply(endpointsOf(nameOf((i * 7) % ingresses), [{ name: "p80", port: i % 2 === 0 ? backend.second : backend.first }], ["127.0.0.1"]), true),
      config: (i) => subject.apply(ingress((i * 11) % ingresses, i), true),
    });
    const begun = performance.now();
    const found = await addOneByOne(subject, 0, probes);
    await sleep(Math.max(0, 60_000 * minutes - (performance.now() - begun)));
    stopping.abort();
    const changes = await churning;
    const used = watch.stop();
    const what = `${ingresses} Ingresses churned for ${minutes} min`;
    return [
      row(subject, `start → ready, ${ingresses} Ingresses`, started(subject)),
      row(subject, `${what}: nginx's memory, most / mean`, `${used.data.most.toFixed(0)} / ${used.data.mean.toFixed(0)} MiB`),
      row(subject, `${what}: nginx's processors, without requests`, used.data.cores.toFixed(4)),
      row(subject, `${what}: controller's memory, most / mean`, `${used.control.most.toFixed(0)} / ${used.control.mean.toFixed(0)} MiB`),
      row(subject, `${what}: controller's processors`, used.control.cores.toFixed(4)),
      row(subject, `${what}: changes; reloads of nginx; its processes at most`, `${changes}; ${await subject.reloads()}; ${used.processes}`),
      ...propagationRows(subject, "beside this churn", found),
    ];
  } finally {
    await subject.stop();
  }
}
