/** Explains where a connection below http goes: one to a TCP or UDP port, or a TLS connection for a passed-through host. */
import type { Origin } from "../model/shapes/routing.ts";
import type { Model } from "../model/model.ts";
import { subjectText, type Finding } from "../model/findings/findings.ts";
import { portText } from "../model/streams/listeners.ts";
import type { Listener } from "../model/shapes/listener.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import { UserError } from "../support/user-error.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplainedRequest } from "./request.ts";
import type { ExplainedStep } from "./step.ts";

export interface ExplainedConnection {
  readonly protocol: "tcp" | "udp";
  /** An address that a Service has for itself; absent: the node's. */
  readonly address?: string;
  readonly port: number;
}

/** `tcp://:9000`, `udp://127.0.1.10:53`; undefined: a URL of another kind. Throws a UserError for one without a port. */
export function parseConnection(url: string): ExplainedConnection | undefined {
  const [whole, protocol, address = "", port] = /^(tcp|udp):\/\/([^/:]*)(?::([0-9]{1,5}))?\/?$/i.exec(url) ?? [];
  if (whole === undefined) return undefined;
  if (port === undefined) throw new UserError(`Which port? Write ${whole.toLowerCase().replace(/\/$/, "")}:9000.`, 2);
  return { protocol: protocol?.toLowerCase() === "udp" ? "udp" : "tcp", ...(address === "" ? {} : { address }), port: Number(port) };
}

export function explainConnection({ listeners, streams }: Model, asked: ExplainedConnection, findings: readonly Finding[]): Explanation {
  const { protocol, address, port } = asked;
  const listener = listeners.get(`${protocol} ${address} ${port}`) ?? listeners.get(`${protocol} ${port}`);
  const request = `${protocol}://${address ?? ""}:${port}`;
  if (!listener) {
    const why = "no entry of --tcp-services-configmap or --udp-services-configmap, and no Service of a manifest, asks for this port";
    return { request, steps: [{ what: "listener", result: "none", why }], findings: [] };
  }
  const { endpoints = [], keep } = streams.get(listener.id) ?? {};
  return {
    request,
    steps: [listenerStep(listener), poolStep(listener.service, endpoints, HOW[keep ?? "none"])],
    pool: listener.service,
    endpoints,
    findings: findings.filter((finding) => isAt(finding, listener.origin)),
  };
}

/** Undefined: TLS for the host ends at Sluice. */
export function explainPassthrough({ hosts, streams }: Model, { https, host }: ExplainedRequest, findings: readonly Finding[]): Explanation | undefined {
  const found = https ? hosts.get(hostKey(host)) : undefined;
  const root = found?.routes.find(({ path, pathType }) => path === "/" && pathType === "prefix");
  if (found?.passthrough === undefined || !root) return undefined;
  const { endpoints = [] } = streams.get(`tls ${host}`) ?? {};
  return {
    request: `https://${host}/`,
    steps: [
      { what: "host", result: `${host}, whose TLS is passed through`, why: `${subjectText(root.origin)}: the annotation ssl-passthrough; the request itself is read by the backend alone` },
      poolStep(found.passthrough, endpoints, HOW.none),
    ],
    pool: found.passthrough,
    endpoints,
    findings: findings.filter(({ object }) => object.kind === root.origin.kind && object.namespace === root.origin.namespace && object.name === root.origin.name),
  };
}

const HOW = {
  none: "each connection goes to one of them by chance",
  address: "a client keeps to one of them (sessionAffinity: ClientIP)",
  flow: "the datagrams of a client's port keep to one of them",
} as const;

function listenerStep(listener: Listener): ExplainedStep {
  const { acceptProxy, sendProxy, origin } = listener;
  const proxy = [...(acceptProxy ? ["clients send the PROXY protocol"] : []), ...(sendProxy ? ["endpoints get the PROXY protocol"] : [])];
  return { what: "listener", result: [portText(listener), ...proxy].join(", "), why: `${subjectText(origin)} ${origin.field}` };
}

function poolStep(pool: string, endpoints: readonly string[], how: string): ExplainedStep {
  const none = "no endpoint is ready: connections are closed at once";
  return { what: "pool", result: `${pool} (${endpoints.length === 0 ? "no endpoints" : endpoints.join(", ")})`, why: endpoints.length === 0 ? none : how };
}

function isAt({ object, field }: Finding, origin: Origin): boolean {
  return object.kind === origin.kind && object.namespace === origin.namespace && object.name === origin.name && field.startsWith(origin.field);
}
