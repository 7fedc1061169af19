/** The listeners of one Gateway: which of them can be served, and what they take. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { GATEWAY_GROUP, type ListenerSpec } from "../../source/gateway/kinds.ts";
import type { LabelSelectorShape } from "../../source/gateway/shared.ts";
import type { Gateway } from "../../source/objects.ts";
import { flatText } from "../../support/kept-text.ts";
import { isSubdomain, normalHost } from "../grammar/host-name.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

export interface GatewayListener {
  /** `namespace/gateway/listener`: what tells its hosts from others (shapes/host-key.ts). */
  readonly key: string;
  readonly name: string;
  /** As it is compared; `_`: all names. */
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
  /** Kinds of routes that may attach. */
  readonly kinds: readonly string[];
  readonly namespaces: { readonly from: string; readonly selector?: LabelSelectorShape };
  /** `Accepted`, `ResolvedRefs` and `Conflicted`, in this order. */
  readonly conditions: readonly StatusCondition[];
  /** False: it serves nothing. */
  readonly usable: boolean;
}

/** Kinds of routes that listeners of a protocol can serve. */
const KINDS: Readonly<Record<string, readonly string[]>> = { HTTP: ["HTTPRoute"] };

export function readListeners({ metadata: { namespace, name }, spec: { listeners = [] } }: Gateway): readonly GatewayListener[] {
  const conflicts = conflictsOf(listeners);
  return listeners.flatMap((listener, index) => {
    const { name: section = "" } = listener;
    const firstOfName = listeners.findIndex((one) => one.name === section) === index;
    return firstOfName && isSubdomain(section) ? [readListener(flatText(namespace, "/", name, "/", section), listener, conflicts.get(listener))] : [];
  });
}

function readListener(key: string, listener: ListenerSpec, conflict: StatusCondition | undefined): GatewayListener {
  const { name = "", hostname = "", port = 0, protocol = "", allowedRoutes = {} } = listener;
  const host = hostname === "" ? CATCH_ALL : normalHost(hostname);
  const able = KINDS[protocol] ?? [];
  const asked = (allowedRoutes.kinds ?? []).map(({ group = GATEWAY_GROUP, kind = "" }) => ({ group, kind }));
  const valid = asked.filter(({ group, kind }) => group === GATEWAY_GROUP && able.includes(kind));
  const kinds = asked.length === 0 ? able : [...new Set(valid.map(({ kind }) => kind))];
  const accepted = accept(listener, host !== undefined && port > 0);
  const odd = asked.find((one) => !valid.includes(one));
  const resolved = odd === undefined || able.length === 0
    ? condition("ResolvedRefs", true, "ResolvedRefs", "All references are resolved")
    : condition("ResolvedRefs", false, "InvalidRouteKinds", `Listener "${name}" cannot take routes of the kind "${odd.kind}": allow ${able.join(", ")}`);
  const { from = "Same", selector } = allowedRoutes.namespaces ?? {};
  return {
    key, name, hostname: host ?? CATCH_ALL, port, protocol, kinds,
    namespaces: { from, ...(selector === undefined ? {} : { selector }) },
    conditions: [accepted, resolved, conflict ?? condition("Conflicted", false, "NoConflicts", "No other listener stands in the way")],
    usable: accepted.status === "True" && conflict === undefined && kinds.length > 0,
  };
}

function accept({ name, protocol = "", hostname = "", port }: ListenerSpec, valid: boolean): StatusCondition {
  if (KINDS[protocol] === undefined) {
    return condition("Accepted", false, "UnsupportedProtocol", `Listener "${name}" is of the protocol "${protocol}": use ${Object.keys(KINDS).join(" or ")}`);
  }
  if (valid) return condition("Accepted", true, "Accepted", "The listener is valid");
  return condition("Accepted", false, "Invalid", port === undefined ? `Listener "${name}" names no port from 1 to 65535` : `"${hostname}" is not a host name`);
}

/** Protocols of one port that go together, by family. */
const FAMILIES: Readonly<Record<string, string>> = { HTTP: "http", HTTPS: "tls", TLS: "tls" };

/** Of two listeners that cannot be told apart, none is served (Gateway API, distinct listeners). */
function conflictsOf(listeners: readonly ListenerSpec[]): ReadonlyMap<ListenerSpec, StatusCondition> {
  const found = new Map<ListenerSpec, StatusCondition>();
  for (const [port, ofPort] of Map.groupBy(listeners, (one) => one.port)) {
    for (const one of ofPort) {
      const others = ofPort.filter((other) => other !== one && KINDS[other.protocol ?? ""] !== undefined);
      const family = ({ protocol = "" }: ListenerSpec): string => FAMILIES[protocol] ?? protocol;
      const odd = others.find((other) => family(other) !== family(one));
      const same = others.find((other) => family(other) === family(one) && (other.hostname ?? "") === (one.hostname ?? ""));
      if (odd) found.set(one, condition("Conflicted", true, "ProtocolConflict", `Listener "${odd.name}" has another protocol on port ${port}: give one of them another port`));
      else if (same) found.set(one, condition("Conflicted", true, "HostnameConflict", `Listener "${same.name}" has the same port and host name: give one of them another`));
    }
  }
  return found;
}
