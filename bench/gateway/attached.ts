/**
 * Routes that attach to one Gateway, and leave it, all at once, on a current API server: how long until the Gateway's status counts
 * them right, and how many writes of status that took.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { HEALTH_PORT, startGatewaySluice } from "../../test/conformance/gateway-sluice.ts";
import { startGround, type Ground } from "../../test/conformance/ground.ts";
import type { ChangeRow } from "../change/rows.ts";
import { NAMESPACE } from "../change/objects.ts";
import { pathOf } from "../api.ts";
import { gatewayAt, routeOf } from "./objects.ts";

const AT_ONCE = 16;
const LOOK_MS = 50;
const LIMIT_MS = 300_000;

interface GatewayRead {
  readonly status?: { readonly listeners?: readonly { readonly attachedRoutes: number }[] };
}

/** @param signal ends a start that is not done */
export async function attached(count: number, signal: AbortSignal): Promise<ChangeRow[]> {
  const ground = await startGround({ signal });
  try {
    await startGatewaySluice(ground);
    const gateway = gatewayAt(80);
    await ground.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }, gateway]);
    const counts = async (wanted: number): Promise<boolean> => ((await ground.ask("GET", `${pathOf(gateway)}/${gateway.metadata.name}`)) as GatewayRead).status?.listeners?.[0]?.attachedRoutes === wanted;
    await until(() => counts(0));
    const routes = Array.from({ length: count }, (_, i) => routeOf(`attached-${i}`, [{ path: "/", service: "missing" }]));
    const come = await measured(ground, () => each(routes, (route) => ground.ask("POST", pathOf(route), route)), () => counts(count));
    const go = await measured(ground, () => each(routes, (route) => ground.ask("DELETE", `${pathOf(route)}/${route.metadata.name}`)), () => counts(0));
    const row = (what: string, { written, known, writes }: Measured): ChangeRow =>
      ({ what: `${count} routes ${what}: all written, counted right after; writes of status`, subject: "Sluice", measured: `${written.toFixed(1)} s, ${known.toFixed(1)} s; ${writes}` });
    return [row("attach", come), row("leave", go)];
  } finally {
    await ground.stop();
  }
}

interface Measured {
  /** Seconds from the first write to the last, and to the right count. */
  readonly written: number;
  readonly known: number;
  readonly writes: number;
}

async function measured(ground: Ground, write: () => Promise<void>, isRight: () => Promise<boolean>): Promise<Measured> {
  const before = await statusWrites(ground);
  const begun = performance.now();
  await write();
  const written = (performance.now() - begun) / 1000;
  await until(isRight);
  const known = (performance.now() - begun) / 1000;
  return { written, known, writes: (await statusWrites(ground)) - before };
}

async function statusWrites(ground: Ground): Promise<number> {
  const { text } = await ground.http({ url: `http://127.0.0.1:${HEALTH_PORT}/metrics` });
  return [...text.matchAll(/^sluice_status_total(?:\{[^}]*\})? (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items].reverse();
  const one = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`the Gateway's status does not count its routes right after ${LIMIT_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}
