/**
 * The backends of the demo: a small HTTP server at every loopback endpoint that the EndpointSlices name, and a socket that
 * answers datagrams where they say UDP. An endpoint that is added to a file gets its server, and one that is removed loses
 * it. Services that no EndpointSlice puts on this machine get stand-ins. A Service may ask for backends that fail.
 */
import { createSocket } from "node:dgram";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isLoopback, standInsOf } from "../model/backends/given-endpoints.ts";
import { SERVICE_NAME_LABEL, type Snapshot } from "../source/snapshot.ts";
import { UserError } from "../support/user-error.ts";

/** Where a backend listens, and for whom it answers. */
interface StandInServer {
  /** Names of the Services, sorted; several may have an endpoint in common. */
  services: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly udp: boolean;
  /** Share of requests that get a 500. */
  fails: number;
}

/** The annotation of a Service by which its backends answer a share of the requests with 500: `10%`. */
const FAILS = "demo.sluice.ingress/fails";

/** Ends a backend. */
type End = () => Promise<void>;

interface Running {
  readonly wanted: StandInServer;
  readonly end: End;
}

export interface Backends {
  /** Makes the servers be what the snapshot says. Rejects with a UserError when an address cannot be had; tries all. */
  follow(snapshot: Snapshot): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions {
  /** Name of the Service that answers 404 at every path but `/healthz`. */
  readonly notFound: string;
  /** Answer for Services that have no endpoint on this machine, too. */
  readonly standIns: boolean;
}

export function demoBackends({ notFound, standIns }: BackendOptions): Backends {
  const servers = new Map<string, Running>();
  let queue: Promise<void> = Promise.resolve();

  const followNow = async (wanted: ReadonlyMap<string, StandInServer>): Promise<void> => {
    let problem: Error | undefined;
    for (const [key, { end }] of servers) {
      if (wanted.has(key)) continue;
      servers.delete(key);
      await end();
    }
    for (const [key, one] of wanted) {
      const running = servers.get(key);
      // A Service that was renamed keeps its backend, which answers by the new name.
      if (running) Object.assign(running.wanted, { services: one.services, fails: one.fails });
      if (running) continue;
      const started = await (one.udp ? startUdp(one) : startHttp(one, notFound));
      if (started instanceof UserError) problem ??= started;
      else servers.set(key, { wanted: one, end: started });
    }
    if (problem) throw problem;
  };

  return {
    follow(snapshot) {
      const run = queue.then(() => followNow(wantedBy(snapshot, standIns)));
      queue = run.catch(() => undefined);
      return run;
    },
    async close() {
      await queue;
      await Promise.all([...servers.values()].map(({ end }) => end()));
      servers.clear();
    },
  };
}

/** The servers that the snapshot asks for, by where they listen. */
function wantedBy(snapshot: Snapshot, standIns: boolean): Map<string, StandInServer> {
  const wanted = new Map<string, StandInServer>();
  const want = (namespace: string, service: string, address: string, port: number, udp: boolean): void => {
    const key = `${udp ? "udp " : ""}${address}:${port}`;
    const before = wanted.get(key);
    const services = [...new Set([...(before?.services ?? []), service])].sort();
    const fails = shareThatFails(snapshot.get("Service", namespace, service)?.metadata.annotations?.[FAILS]);
    wanted.set(key, { services, address, port, udp, fails: Math.max(fails, before?.fails ?? 0) });
  };
  for (const { metadata, endpoints, ports } of snapshot.all("EndpointSlice").values()) {
    const service = metadata.labels?.[SERVICE_NAME_LABEL] ?? metadata.name;
    for (const address of (endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? [])) {
      if (!isLoopback(address)) continue;
      for (const { port, protocol } of ports ?? []) if (port !== undefined) want(metadata.namespace, service, address, port, protocol === "UDP");
    }
  }
  for (const service of standIns ? snapshot.all("Service").values() : []) {
    const { namespace, name } = service.metadata;
    const slices = snapshot.slicesOf(namespace, name);
    for (const port of service.spec.ports ?? []) {
      for (const endpoint of standInsOf(service, port, slices)) want(namespace, name, endpoint.address, endpoint.port, port.protocol === "UDP");
    }
  }
  return wanted;
}

function shareThatFails(text = ""): number {
  const [, number] = /^([0-9]{1,3})%$/.exec(text) ?? [];
  return Math.min(Number(number ?? 0), 100) / 100;
}

/** @param nth of the backend's requests, from 0 on */
function answerAsStandIn({ services, address, port, fails }: StandInServer, notFound: string, nth: number, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const fine = services.includes(notFound) && request.url !== "/healthz" ? 404 : 200;
  const status = Math.floor((nth + 1) * fails) > Math.floor(nth * fails) ? 500 : fine;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${services.join("+")} at ${address}:${port}, asked for ${request.method ?? ""} ${request.url ?? ""}\n`);
}

async function startHttp(wanted: StandInServer, notFound: string): Promise<End | UserError> {
  let asked = 0;
  const server = createServer((request, response) => answerAsStandIn(wanted, notFound, asked++, request, response));
  // Longer than nginx keeps an idle connection, so that nginx closes it and no request meets a connection that is being closed.
  server.keepAliveTimeout = 75_000;
  return await orSentence(wanted, async () => {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(wanted.port, wanted.address, resolve);
    });
    return () => end(server);
  });
}

async function startUdp(wanted: StandInServer): Promise<End | UserError> {
  const { address, port } = wanted;
  const socket = createSocket("udp4");
  socket.on("message", (message, { address: to, port: its }) => {
    socket.send(`${wanted.services.join("+")} at ${address}:${port}, asked for ${message.toString().trim()}\n`, its, to);
  });
  return await orSentence(wanted, async () => {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, resolve);
    });
    return () => new Promise<void>((resolve) => void socket.close(resolve));
  });
}

async function orSentence({ services, address, port }: StandInServer, start: () => Promise<End>): Promise<End | UserError> {
  try {
    return await start();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "EADDRINUSE" ? "is in use by another process" : `cannot be listened on (${code ?? String(error)})`;
    return new UserError(
      `${address}:${port}, where ${services.join(" and ")} should answer, ${why}: stop that process or change the endpoint in its EndpointSlice.`,
    );
  }
}

async function end(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
