/**
 * Services, EndpointSlices (Endpoints too), IngressClasses, ConfigMaps and Secrets as written in files.
 *
 * Values of a wrong type are noted in `root.notes`; a result is to be used only if there are none.
 */
import { isIPv6 } from "node:net";
import { exact } from "../../support/exact.ts";
import { PrivateBytes } from "../../support/private-bytes.ts";
import type { ConfigMap, EndpointSlice, IngressClass, Meta, Namespace, Secret, Service, ServicePort, SliceEndpoint, SlicePort } from "../objects.ts";
import { ownerOfPod } from "../pod-owner.ts";
import { SERVICE_NAME_LABEL } from "../snapshot.ts";
import { at, flag, isObject, items, members, note, pathOf, portOfField, present, required, textOfField } from "./fields.ts";
import type { Field } from "./fields.ts";
import { secretNotBase64, shown, valueNotString } from "./findings.ts";
import { OldBoolean } from "./old-boolean.ts";
import type { Context } from "./read-ingress.ts";

export function readIngressClass(root: Field, metadata: Meta): IngressClass {
  const spec = at(root, "spec");
  isObject(spec);
  return { kind: "IngressClass", metadata: { ...metadata, namespace: "" }, spec: present({ controller: textOfField(at(spec, "controller")) }) };
}

export function readNamespace(_root: Field, metadata: Meta): Namespace {
  return { kind: "Namespace", metadata: { ...metadata, namespace: "" } };
}

export function readService(root: Field, metadata: Meta): Service {
  const spec = at(root, "spec");
  isObject(spec);
  const ports = items(at(spec, "ports")).map(readServicePort);
  return {
    kind: "Service",
    metadata,
    spec: present({
      type: textOfField(at(spec, "type")),
      clusterIP: textOfField(at(spec, "clusterIP")),
      externalName: textOfField(at(spec, "externalName")),
      sessionAffinity: textOfField(at(spec, "sessionAffinity")),
      ports: ports.length > 0 ? ports : undefined,
    }),
  };
}

function readServicePort(field: Field): ServicePort {
  if (!isObject(field)) required(field, undefined, "an object with a port");
  const number = at(field, "port");
  const target = at(field, "targetPort");
  return {
    port: required(number, portOfField(number), "a port number") ?? 0,
    ...present({
      name: textOfField(at(field, "name")),
      protocol: textOfField(at(field, "protocol")),
      appProtocol: textOfField(at(field, "appProtocol")),
      targetPort: typeof target.value === "string" ? target.value : portOfField(target),
      nodePort: portOfField(at(field, "nodePort")),
    }),
  };
}

export function readEndpointSlice(root: Field, metadata: Meta): EndpointSlice {
  const ports = at(root, "ports");
  return {
    kind: "EndpointSlice",
    metadata,
    ...present({
      addressType: textOfField(at(root, "addressType")),
      endpoints: items(at(root, "endpoints")).map(readSliceEndpoint),
      // Absent ports and an empty list differ: the API reads absence as "all ports".
      ports: ports.value === undefined ? undefined : items(ports).map(readSlicePort),
    }),
  };
}

function readSliceEndpoint(field: Field): SliceEndpoint {
  if (!isObject(field)) required(field, undefined, "an object with addresses");
  const addresses = exact(items(at(field, "addresses")).flatMap((address) => required(address, textOfField(address), "an address") ?? []));
  const conditions = at(field, "conditions");
  const target = at(field, "targetRef");
  const pod = target.value !== undefined && isObject(target) && textOfField(at(target, "kind")) === "Pod" ? textOfField(at(target, "name")) : undefined;
  const owner = pod === undefined ? {} : { owner: ownerOfPod(pod, textOfField(at(target, "uid")) ?? "") };
  if (!isObject(conditions)) return { addresses, ...owner };
  const read = (name: string): boolean | undefined => flag(at(conditions, name));
  return { addresses, ...owner, conditions: present({ ready: read("ready"), serving: read("serving"), terminating: read("terminating") }) };
}

function readSlicePort(field: Field): SlicePort {
  if (!isObject(field)) required(field, undefined, "an object with a port");
  return present({ name: textOfField(at(field, "name")), port: portOfField(at(field, "port")), protocol: textOfField(at(field, "protocol")) });
}

/**
 * Each subset of a v1 Endpoints object as a slice. The names start with that of the Service, because ingress-nginx
 * honours only such slices.
 */
export function readEndpoints(root: Field, metadata: Meta): EndpointSlice[] {
  return items(at(root, "subsets")).map((subset, index) => {
    isObject(subset);
    const ready = items(at(subset, "addresses")).map((address) => readAddress(address, true));
    const unready = items(at(subset, "notReadyAddresses")).map((address) => readAddress(address, false));
    const endpoints = [...ready, ...unready];
    return {
      kind: "EndpointSlice",
      metadata: {
        ...metadata,
        name: `${metadata.name}-endpoints${index === 0 ? "" : `-${index}`}`,
        labels: { ...metadata.labels, [SERVICE_NAME_LABEL]: metadata.name },
      },
      addressType: isIPv6(endpoints[0]?.addresses[0] ?? "") ? "IPv6" : "IPv4",
      endpoints,
      ports: items(at(subset, "ports")).map(readSlicePort),
    };
  });
}

function readAddress(field: Field, ready: boolean): SliceEndpoint {
  const ip = at(field, "ip");
  const address = required(ip, textOfField(ip), "an IP address");
  return { addresses: address === undefined ? [] : [address], conditions: { ready } };
}

export function readConfigMap(root: Field, metadata: Meta, context: Context): ConfigMap {
  const data = at(root, "data");
  return { kind: "ConfigMap", metadata, ...present({ data: data.value === undefined ? undefined : readStrings(data, context) }) };
}

/** A map of strings. Other scalars are taken as their text, with a finding: a cluster refuses them. */
export function readStrings(map: Field, context: Context): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, field] of members(map)) {
    const { value } = field;
    if (value === undefined || typeof value === "string") {
      strings[key] = value ?? "";
    } else if (typeof value === "object" && !(value instanceof OldBoolean)) {
      note(field, "a string");
    } else {
      strings[key] = plain(value);
      const name = pathOf(field);
      context.report(valueNotString, name, { field: name, found: plain(value) });
    }
  }
  return strings;
}

/** A scalar as the file has it, without quotes. */
function plain(value: unknown): string {
  return value instanceof OldBoolean ? String(value) : shown(value);
}

/** Kubernetes' base64: the standard alphabet, padded; line breaks are ignored. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `stringData` wins over `data`, as in the API. No value of a Secret reaches a finding. */
export function readSecret(root: Field, metadata: Meta, context: Context): Secret | undefined {
  const data: Record<string, PrivateBytes> = {};
  let readable = true;
  for (const [key, field] of members(at(root, "data"))) {
    const encoded = (textOfField(field) ?? "").replace(/[\r\n]/g, "");
    if (BASE64.test(encoded)) {
      data[key] = new PrivateBytes(Buffer.from(encoded, "base64"));
    } else {
      context.report(secretNotBase64, `data[${key}]`, { key });
      readable = false;
    }
  }
  for (const [key, field] of members(at(root, "stringData"))) data[key] = new PrivateBytes(textOfField(field) ?? "");
  return readable ? { kind: "Secret", metadata, ...present({ type: textOfField(at(root, "type")) }), data } : undefined;
}
