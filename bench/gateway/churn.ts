/**
 * Thousands of routes, each with a Service and an endpoint of its own; then one endpoint changes each two seconds and one route each second,
 * for minutes, and beside it routes are added one at a time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend } from "../backend.ts";
import { churn as churnObjects, watchProcesses } from "../change/churn.ts";
import { endpointsOf, serviceOf } from "../change/objects.ts";
import { row, started, type ChangeRow } from "../change/rows.ts";
import type { ApiObject } from "../cluster.ts";
import { routeOf } from "./objects.ts";
import { addedRows, addRoutes, probedService } from "./propagation.ts";
import { startGatewaySubject } from "./subject.ts";

export interface ChurnInput {
  readonly dir: string;
  readonly backend: Backend;
  readonly routes: number;
  readonly minutes: number;
  readonly probes: number;
}

export async function churn({ dir, backend, routes, minutes, probes }: ChurnInput): Promise<ChangeRow[]> {
  const nameOf = (i: number): string => `scale-${i}`;
  const route = (i: number, version: number): ApiObject => routeOf(nameOf(i), [{ path: "/", service: nameOf(i) }, { path: `/v${version}`, service: nameOf(i) }]);
  const numbers = Array.from({ length: routes }, (_, i) => i);
  const services = numbers.flatMap((i) => serviceOf(nameOf(i), { 80: backend.first }));
  const subject = await startGatewaySubject(dir, [...services, ...probedService(backend)], numbers.map((i) => route(i, 0)));
  try {
    const watch = watchProcesses(subject);
    const stopping = new AbortController();
    const churning = churnObjects(stopping.signal, {
      workload: (i) => subject.apply(endpointsOf(nameOf((i * 7) % routes), [{ name: "p80", port: i % 2 === 0 ? backend.second : backend.first }], ["127.0.0.1"]), true),
      config: (i) => subject.apply(route((i * 11) % routes, i), true),
    });
    const begun = performance.now();
    const found = await addRoutes(subject, probes);
    await sleep(Math.max(0, 60_000 * minutes - (performance.now() - begun)));
    stopping.abort();
    const changes = await churning;
    const { control, data } = watch.stop();
    const what = `${routes} routes churned for ${minutes} min`;
    return [
      row(subject, `start → ready, ${routes} routes`, started(subject)),
      row(subject, `${what}: nginx's memory, most / mean; processors`, `${data.most.toFixed(0)} / ${data.mean.toFixed(0)} MiB; ${data.cores.toFixed(4)}`),
      row(subject, `${what}: controller's memory, most / mean; processors`, `${control.most.toFixed(0)} / ${control.mean.toFixed(0)} MiB; ${control.cores.toFixed(4)}`),
      row(subject, `${what}: changes; reloads of nginx`, `${changes}; ${await subject.reloads()}`),
      ...addedRows(subject, "beside this churn", found),
    ];
  } finally {
    await subject.stop();
  }
}
