/**
 * A relay in front of an API server that counts what its clients ask for and how much they are told.
 *
 * It takes plain http on 127.0.0.1 from anybody and adds a bearer token of its own, so it is for measuring only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as send } from "node:https";
import type { AddressInfo } from "node:net";

export interface Traffic {
  readonly requests: number;
  /** Bytes of the answers' bodies. */
  readonly bytes: number;
}

export interface ApiMeter {
  readonly server: string;
  /** `list ingresses`, `watch secrets`, `patch ingresses/status` → what was asked since the last `reset`. */
  counted(): ReadonlyMap<string, Traffic>;
  reset(): void;
  stop(): Promise<void>;
}

export interface MeteredApi {
  /** URL of the API server. */
  readonly server: string;
  /** Certificate of its CA, PEM. */
  readonly ca: string;
  readonly token: string;
}

export async function startApiMeter({ server, ca, token }: MeteredApi): Promise<ApiMeter> {
  const counts = new Map<string, { requests: number; bytes: number }>();
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca });
  const count = (what: string, requests: number, bytes: number): void => {
    const known = counts.get(what);
    if (known === undefined) counts.set(what, { requests, bytes });
    else {
      known.requests += requests;
      known.bytes += bytes;
    }
  };

  const relay = (asked: IncomingMessage, response: ServerResponse): void => {
    const what = nameOf(asked.method ?? "GET", new URL(asked.url ?? "/", server));
    const headers = { ...asked.headers, host: new URL(server).host, authorization: `Bearer ${token}` };
    const upstream = send(new URL(asked.url ?? "/", server), { method: asked.method, headers, agent }, (answer) => {
      count(what, 1, 0);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (chunk: Buffer) => {
        count(what, 0, chunk.length);
        response.write(chunk);
      });
      answer.on("end", () => response.end());
      answer.on("error", () => response.destroy());
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
    asked.pipe(upstream);
  };

  const listener = createServer(relay);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    server: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    counted: () => new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, traffic]) => [what, { ...traffic }])),
    reset: () => counts.clear(),
    async stop() {
      const closed = new Promise((resolve) => listener.close(resolve));
      listener.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** Verb and resource as RBAC writes them. */
function nameOf(method: string, { pathname, searchParams }: URL): string {
  const path = pathname.replace(/^\/(api|apis\/[^/]+)\/[^/]+\//, "").replace(/^namespaces\/[^/]+\/(?=.)/, "");
  const [resource = "", name, subresource] = path.split("/");
  const verb = VERBS[method] ?? (searchParams.get("watch") === "true" ? "watch" : name === undefined ? "list" : "get");
  return `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;
}
