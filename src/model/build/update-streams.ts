/**
 * The step of an update that finds out where connections below http go: of listeners, and of hosts whose TLS is passed
 * through. There are few of either, so all of them are looked at again when an object that one of them reads changes.
 */
import type { Stream } from "../../../edge/src/program.ts";
import { keyOf } from "../../source/snapshot.ts";
import { buildPool } from "../backends/endpoints.ts";
import type { BuiltPool } from "../backends/pool.ts";
import type { Finding } from "../findings/findings.ts";
import { current, noteAll, noteValue } from "../memory/part.ts";
import type { Endpoint } from "../shapes/routing.ts";
import { portText, wantedListeners, type WantedListener } from "../streams/listeners.ts";
import type { ModelState, Work } from "./state.ts";

/** Comes after `updatePools`: a host that is passed through leads to a pool. */
export function updateStreams(state: ModelState, work: Work): void {
  const { streamHosts, settings } = state;
  if (!work.streams && [...streamHosts.values()].every((pool) => !state.pools.pending.has(pool))) return;
  const findings: Finding[] = [];
  const wanted = wantedListeners(work.snapshot, settings, state.listening, findings);
  const streams = new Map<string, Stream>();
  const read: string[] = [];
  const names: string[] = [];
  for (const [id, one] of wanted) {
    const built = poolOf(one, state, work);
    read.push(keyOf(one.namespace, one.service));
    if (built.name !== undefined) names.push(built.name);
    if (built.problem) findings.push(built.problem({ pool: "", object: one.place.object, field: one.place.field, effect: `connections to ${portText(one.listener)} are closed at once` }));
    streams.set(id, streamOf(built.endpoints, keepOf(one)));
  }
  for (const [host, pool] of streamHosts) streams.set(`tls ${host}`, streamOf(current(state.pools, pool)?.endpoints ?? []));
  state.streamObjects.set("services", read);
  state.streamObjects.set("names", names);
  noteAll(state.listeners, new Map([...wanted].map(([id, { listener }]) => [id, listener])));
  noteAll(state.streams, streams);
  noteValue(state.findings, "streams", findings.length > 0 ? findings : undefined);
}

function poolOf({ listener, namespace, service, port }: WantedListener, { settings }: ModelState, { snapshot }: Work): BuiltPool {
  const protocol = listener.protocol === "udp" ? "UDP" : "TCP";
  return buildPool({ id: "", namespace, service, port, clusterIp: false, protocol }, snapshot, settings);
}

/** How a listener's connections keep to an endpoint. The datagrams from one port of a client belong together. */
function keepOf({ listener, sticky }: WantedListener): Stream["keep"] {
  return sticky ? "address" : listener.protocol === "udp" ? "flow" : undefined;
}

function streamOf(endpoints: readonly Endpoint[], keep?: Stream["keep"]): Stream {
  const texts = endpoints.map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`);
  return { endpoints: texts, ...(keep ? { keep } : {}) };
}
