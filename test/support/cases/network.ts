/**
 * The pods of a case: echo backends on this machine's loopback network.
 *
 * Cases write pod addresses as `10.0.x.y`. A run serves them as `127.N.x.y`, with an N that no other run uses, so that
 * several can run side by side.
 */
import { createServer, type Server } from "node:net";
import type { Snapshot } from "../../../src/source/snapshot.ts";
import { startEcho, type EchoBackend } from "../echo.ts";
import { SERVICE_NAME_LABEL } from "../../../src/source/snapshot.ts";

export interface Network {
  /** The text with loopback addresses in place of its pod addresses; `toPods` does the reverse. */
  toLocal(text: string): string;
  toPods(text: string): string;
  close(): Promise<void>;
}

const LOCK_PORT = 20001;

export async function takeNetwork(): Promise<Network> {
  const first = 1 + (process.pid % 250);
  for (let n = first; n < first + 250; n++) {
    const octet = 1 + (n % 250);
    const lock = await listen(`127.${octet}.255.254`, LOCK_PORT);
    if (!lock) continue;
    return {
      toLocal: (text) => text.replace(/(?<![\d.])10\.0\.(\d+\.\d+)/g, `127.${octet}.$1`),
      toPods: (text) => text.replaceAll(`127.${octet}.`, "10.0."),
      close: () => new Promise((resolve) => lock.close(() => resolve())),
    };
  }
  throw new Error("250 test runs use the loopback network");
}

function listen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, address, () => resolve(server));
  });
}

/**
 * Starts a backend, named `namespace/service`, at every address of every slice, whether it is ready or not, and at
 * every ClusterIP among the pods' addresses.
 */
export async function startPods(snapshot: Snapshot, silent: ReadonlySet<string>, network: Network): Promise<EchoBackend[]> {
  const names = new Map<string, string>();
  for (const slice of snapshot.all("EndpointSlice").values()) {
    const { namespace, labels } = slice.metadata;
    const service = labels?.[SERVICE_NAME_LABEL] ?? "";
    for (const endpoint of (slice.endpoints ?? []).flatMap(({ addresses }) => addresses)) {
      for (const port of portsOf(snapshot, namespace, service, slice.ports)) {
        const at = `${endpoint}:${port}`;
        if (silent.has(at)) continue;
        if ((names.get(at) ?? `${namespace}/${service}`) !== `${namespace}/${service}`) throw new Error(`${at} belongs to two Services`);
        names.set(at, `${namespace}/${service}`);
      }
    }
  }
  for (const { metadata, spec } of snapshot.all("Service").values()) {
    if (!spec.clusterIP?.startsWith("10.0.")) continue;
    for (const { port } of spec.ports ?? []) names.set(`${spec.clusterIP}:${port}`, `${metadata.namespace}/${metadata.name}`);
  }
  return await Promise.all([...names].map(([at, name]) => startAt(network.toLocal(at), name)));
}

async function startAt(at: string, name: string): Promise<EchoBackend> {
  const [address = "", port = ""] = at.split(":");
  return await startEcho(name, address, Number(port));
}

/** The slice's ports; a slice without any has those that the Service targets. */
function portsOf(snapshot: Snapshot, namespace: string, service: string, ports: readonly { port?: number }[] | undefined): readonly number[] {
  const own = (ports ?? []).flatMap(({ port }) => port ?? []);
  if (own.length > 0) return own;
  const targets = snapshot.get("Service", namespace, service)?.spec.ports ?? [];
  return targets.flatMap(({ port, targetPort = port }) => (typeof targetPort === "number" ? targetPort : []));
}
