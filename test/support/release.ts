/** Two versions of a service behind one route, the second of them a canary with a rollout, and clients that ask them. */
import { createServer, Agent, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import type { Sluice } from "./sluice.ts";

/** How a version answers from now on. */
export interface Manners {
  /** Share of requests that get a 503. */
  errors?: number;
  /** Milliseconds that an answer takes. */
  takes?: number;
}

export interface Version {
  readonly port: number;
  readonly manners: Manners;
  readonly asked: () => number;
  close(): Promise<void>;
}

export async function startVersion(t: Pick<TestContext, "after">, name: string, manners: Manners = {}): Promise<Version> {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    asked++;
    const fails = Math.random() < (manners.errors ?? 0);
    const answer = (): void => void response.writeHead(fails ? 503 : 200, { "x-version": name }).end(name);
    if (manners.takes === undefined) answer();
    else setTimeout(answer, manners.takes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  return { port: (server.address() as AddressInfo).port, manners, asked: () => asked, close };
}

export interface ReleaseManifest {
  readonly host?: string;
  readonly primary: number;
  readonly canary: number;
  /** YAML of sluice.ingress/rollout; undefined: the canary has none. */
  readonly rollout: string | undefined;
  /** Service that the primary Ingress points to. */
  readonly points?: "web" | "next";
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

const PREFIX = "nginx.ingress.kubernetes.io";

/** The Ingresses `shop/web` and `shop/next`, their Services and EndpointSlices. */
export function releaseObjects({ host = "shop.example", primary, canary, rollout, points = "web", annotations = {}, namespace = "shop" }: ReleaseManifest): object[] {
  const rules = (service: string): object[] => [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: service, port: { number: 80 } } } }] } }];
  const versions = [["web", primary], ["next", canary]] as const;
  return [
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace }, spec: { ingressClassName: "nginx", rules: rules(points) } },
    {
      apiVersion: "networking.k8s.io/v1", kind: "Ingress",
      metadata: { name: "next", namespace, annotations: { [`${PREFIX}/canary`]: "true", ...(rollout === undefined ? {} : { "sluice.ingress/rollout": rollout }), ...annotations } },
      spec: { ingressClassName: "nginx", rules: rules("next") },
    },
    ...versions.flatMap(([name, port]): object[] => [
      { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { clusterIP: "None", ports: [{ name: "http", port: 80, targetPort: port }] } },
      {
        apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice",
        metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4",
        endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }], ports: [{ name: "http", port }],
      },
    ]),
  ];
}

export interface Visitors {
  /** Answers so far: by version (`none`: no version answered) and status. */
  readonly got: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Clients that ask as fast as they get answers, with a short pause; ends with the test at the latest. */
export function startVisitors(t: Pick<TestContext, "after">, port: number, options: { host?: string; headers?: Record<string, string>; clients?: number } = {}): Visitors {
  const { host = "shop.example", headers = {}, clients = 6 } = options;
  const got: Record<string, number> = {};
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let stopping = false;
  const one = (): Promise<string> => new Promise((resolve) => {
    const asked = request({ port, host: "127.0.0.1", path: "/", agent, headers: { host, ...headers } }, (answer) => {
      answer.resume().once("end", () => resolve(`${String(answer.headers["x-version"] ?? "none")} ${answer.statusCode}`));
    });
    asked.once("error", (error: NodeJS.ErrnoException) => resolve(`none ${error.code ?? error.message}`));
    asked.end();
  });
  const loop = async (): Promise<void> => {
    while (!stopping) {
      const what = await one();
      got[what] = (got[what] ?? 0) + 1;
      await sleep(1);
    }
  };
  const loops = Array.from({ length: clients }, loop);
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(loops);
    agent.destroy();
  };
  t.after(stop);
  return { got, stop };
}

export async function rolloutOf(sluice: Pick<Sluice, "ask">, ingress = "shop/next"): Promise<RolloutStatus | undefined> {
  const { text } = await sluice.ask("/api/v1/rollouts");
  return (JSON.parse(text) as readonly RolloutStatus[]).find((one) => one.ingress === ingress);
}

/** Waits until the release is as asked for. Fails with how it is instead. */
export async function untilRollout(sluice: Pick<Sluice, "ask">, is: (status: RolloutStatus) => boolean, what: string, milliseconds = 60_000, ingress?: string): Promise<RolloutStatus> {
  const ends = performance.now() + milliseconds;
  for (;;) {
    const now = await rolloutOf(sluice, ingress);
    if (now && is(now)) return now;
    if (performance.now() > ends) throw new Error(`not ${what} in time: ${JSON.stringify(now)}`);
    await sleep(100);
  }
}
