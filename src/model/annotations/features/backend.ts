/**
 * The annotations about how a backend is spoken to: its protocol, and the buffers that nginx lends a request.
 *
 * nginx refuses to start with sizes that contradict each other, and one bad pair there would stop every later change of
 * everybody: here the sizes are brought into order, with a finding.
 */
import * as found from "../../findings/catalogue.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { boolean, sizeBetween } from "../../grammar/value-types.ts";
import { PROTOCOLS } from "../../shapes/routing.ts";
import type { Protocol } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Reload } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import type { Values } from "../slot.ts";
import { BODY_RELOAD, proxy } from "./proxy.ts";

const MIB = 1024 ** 2;

/** Upper and lower case are the same, as in ingress-nginx. */
const protocol: ValueType<Protocol> = {
  expects: PROTOCOLS.map((name) => `"${name}"`).join(", ").replace(/, ([^,]*)$/, " or $1"),
  parse: (text) => {
    const value = PROTOCOLS.find((name) => name === text.toUpperCase());
    return value && { value };
  },
  format: (value) => value,
};

type Sizes = "busyBuffersSize" | "maxTempFileSize" | "clientBodyBufferSize";

const annotations: readonly Honoured[] = [
  annotation<Protocol>({
    name: "backend-protocol",
    group: "backend",
    risk: "Low",
    scope: "location",
    type: protocol,
    doc: "What the backend speaks: HTTP, HTTPS, AUTO_HTTP (what the client speaks), GRPC, GRPCS or FCGI.",
    differs: "Any case means the same throughout, and a FastCGI backend gets the X-Forwarded headers too.",
    differsFor: (value) => value !== value.toUpperCase() || value === "FCGI",
    reload: "when new",
    ...field(proxy, "protocol"),
  }),
  size("proxy-busy-buffers-size", "busyBuffersSize", sizeBetween(256, 1024 * MIB), "default",
    "How much of a response may be on its way to the client while the rest is read.", "when new"),
  size("proxy-max-temp-file-size", "maxTempFileSize", sizeBetween(0, Number.MAX_SAFE_INTEGER), "default",
    "Largest part of a response that is kept in a file while the client is slow. 0: none.", "when new"),
  size("client-body-buffer-size", "clientBodyBufferSize", sizeBetween(1, 1024 * MIB), "refused", "Largest request body in memory, at least: up to the next of 128k, 1m, 8m and 64m. A larger one is kept in a file.", `${BODY_RELOAD}, or above 64m`),
  annotation<boolean>({
    name: "http2-push-preload",
    group: "http2",
    risk: "Low",
    scope: "location",
    type: boolean,
    onInvalid: "refused",
    doc: "Known, without effect: browsers have given up HTTP/2 push.",
    get: () => false,
    set: (values) => values,
  }),
];

function size(name: string, key: Sizes, type: ValueType<number>, onInvalid: "default" | "refused", doc: string, reload: Reload): Honoured {
  return annotation<number>({
    name, group: "backend", risk: "Low", scope: "location", type, onInvalid, doc, reload,
    ...field(proxy, key),
    // 0 is a size in maxTempFileSize only. In the others the ConfigMap's size, or nginx's own, is used.
    get: (values) => (proxy.of(values)[key] === 0 && key !== "maxTempFileSize" ? undefined : proxy.of(values)[key]),
  });
}

const resolver: Resolver = {
  groups: ["backend", "http2"],
  resolve(values, at) {
    if (at.given("http2-push-preload") !== undefined) {
      at.report(found.annotationIneffective(at.place("http2-push-preload"), { name: "http2-push-preload", why: "browsers have given up HTTP/2 push: remove it" }));
    }
    return inOrder(values, at);
  },
};

/** Brings sizes between one buffer and all buffers but one. Only sizes that an annotation sets get a finding, not the ConfigMap's. */
function inOrder(values: Values, at: ResolveContext): Values {
  const { busyBuffersSize: busy, maxTempFileSize: file, bufferSize, buffersNumber } = proxy.of(values);
  const busyBuffersSize = busy === 0 ? 0 : clamp(busy, bufferSize, (buffersNumber - 1) * bufferSize);
  const maxTempFileSize = file === 0 ? 0 : Math.max(file, bufferSize);
  const tell = (name: string, given: number, used: number, limits: string): void => {
    if (given !== used && at.given(name) !== undefined) at.report(found.sizeAdjusted(at.place(name), { name, given, used, limits }));
  };
  tell("proxy-busy-buffers-size", busy, busyBuffersSize, "it must be between one buffer (proxy-buffer-size) and all of them but one (proxy-buffers-number)");
  tell("proxy-max-temp-file-size", file, maxTempFileSize, "it must be 0 or at least one buffer (proxy-buffer-size)");
  return proxy.with(values, { busyBuffersSize, maxTempFileSize });
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

export const backendFeature: Feature = { annotations, resolver };
