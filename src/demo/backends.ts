/**
 * The backends of the demo: a small HTTP server at every loopback endpoint that the EndpointSlices name, and a socket that
 * answers datagrams where they say UDP. An endpoint that is added to a file gets one, an endpoint that is removed loses it.
 */
import { createSocket } from "node:dgram";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { SERVICE_NAME_LABEL, type Snapshot } from "../source/snapshot.ts";
import { UserError } from "../support/user-error.ts";

interface Wanted {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly udp: boolean;
}

/** Ends a backend. */
type End = () => Promise<void>;

export interface Backends {
  /** Makes the servers be what the slices say. Rejects with a UserError when an address cannot be had; tries all. */
  follow(snapshot: Snapshot): Promise<void>;
  close(): Promise<void>;
}

/** @param notFound name of the Service that answers 404 at every path but `/healthz`. */
export function demoBackends(notFound: string): Backends {
  const servers = new Map<string, End>();
  let queue: Promise<void> = Promise.resolve();

  const followNow = async (wanted: ReadonlyMap<string, Wanted>): Promise<void> => {
    let problem: Error | undefined;
    for (const [key, end] of servers) {
      if (wanted.has(key)) continue;
      servers.delete(key);
      await end();
    }
    for (const [key, one] of wanted) {
      if (servers.has(key)) continue;
      const started = await (one.udp ? startUdp(one) : startHttp(one, one.service === notFound));
      if (started instanceof UserError) problem ??= started;
      else servers.set(key, started);
    }
    if (problem) throw problem;
  };

  return {
    follow(snapshot) {
      const run = queue.then(() => followNow(wantedBy(snapshot)));
      queue = run.catch(() => undefined);
      return run;
    },
    async close() {
      await queue;
      await Promise.all([...servers.values()].map((end) => end()));
      servers.clear();
    },
  };
}

/** Endpoints by what identifies a server: where it listens and for whom it answers. */
function wantedBy(snapshot: Snapshot): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const { metadata, endpoints, ports } of snapshot.all("EndpointSlice").values()) {
    const service = metadata.labels?.[SERVICE_NAME_LABEL] ?? metadata.name;
    for (const address of (endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? [])) {
      if (!address.startsWith("127.")) continue;
      for (const { port, protocol } of ports ?? []) {
        const udp = protocol === "UDP";
        if (port !== undefined) wanted.set(`${service} ${udp ? "udp " : ""}${address}:${port}`, { service, address, port, udp });
      }
    }
  }
  return wanted;
}

function answer({ service, address, port }: Wanted, notFound: boolean, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const status = notFound && request.url !== "/healthz" ? 404 : 200;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${service} at ${address}:${port}, asked for ${request.method ?? ""} ${request.url ?? ""}\n`);
}

async function startHttp(wanted: Wanted, notFound: boolean): Promise<End | UserError> {
  const server = createServer((request, response) => answer(wanted, notFound, request, response));
  // Longer than nginx keeps an idle connection: it is nginx that closes it, and no request meets a closing one.
  server.keepAliveTimeout = 75_000;
  return await orSentence(wanted, async () => {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(wanted.port, wanted.address, resolve);
    });
    return () => end(server);
  });
}

async function startUdp(wanted: Wanted): Promise<End | UserError> {
  const { service, address, port } = wanted;
  const socket = createSocket("udp4");
  socket.on("message", (message, { address: to, port: its }) => {
    socket.send(`${service} at ${address}:${port}, asked for ${message.toString().trim()}\n`, its, to);
  });
  return await orSentence(wanted, async () => {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, resolve);
    });
    return () => new Promise<void>((resolve) => void socket.close(resolve));
  });
}

async function orSentence({ service, address, port }: Wanted, start: () => Promise<End>): Promise<End | UserError> {
  try {
    return await start();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "EADDRINUSE" ? "is in use by another process" : `cannot be listened on (${code ?? String(error)})`;
    return new UserError(
      `${address}:${port}, where an EndpointSlice puts ${service}, ${why}: stop that process or change the endpoint in its file.`,
    );
  }
}

async function end(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
