/**
 * Reads an Ingress as written, of any API version that ever was, as one of networking.k8s.io/v1.
 *
 * ingress-nginx's users bring manifests of ten years: extensions/v1beta1, networking.k8s.io/v1beta1, and mixtures of
 * the old and the new backend under either. All are read; what a cluster of today would refuse is noted with its
 * modern form.
 */
import type { Ingress, IngressBackend, IngressPath, IngressRule, IngressTLS, Meta, ServiceBackendPort } from "../objects.ts";
import { LEGACY_CLASS } from "../snapshot.ts";
import { printable } from "../../support/text.ts";
import { at, isObject, items, note, pathOf, portOfField, present, required, textOfField } from "./fields.ts";
import type { Field } from "./fields.ts";
import { backendOldShape, classAnnotationDeprecated, pathEmpty, pathTypeMissing, shown } from "./findings.ts";
import type { ManifestFinding } from "./findings.ts";

/** What reading one object needs beside its fields. */
export interface Context {
  readonly apiVersion: string;
  /** Adds a finding about this object. */
  report<P>(factory: ManifestFinding<P>, fieldPath: string, params: P): void;
}

/** Types that do not fit are noted in `root.notes`; the result is to be used only if there are none. */
export function readIngress(root: Field, metadata: Meta, context: Context): Ingress {
  const spec = at(root, "spec");
  if (!isObject(spec)) required(spec, undefined, "an object with rules or a defaultBackend");
  noteClassAnnotation(root, at(spec, "ingressClassName").value !== undefined, context);
  const tls = items(at(spec, "tls")).map(readTls);
  const rules = items(at(spec, "rules")).map((rule) => readRule(rule, context));
  return {
    kind: "Ingress",
    metadata,
    spec: present({
      ingressClassName: textOfField(at(spec, "ingressClassName")),
      defaultBackend: readDefaultBackend(spec, context),
      tls: tls.length > 0 ? tls : undefined,
      rules: rules.length > 0 ? rules : undefined,
    }),
  };
}

/** Reports the deprecated class annotation. kubectl warns of it when an Ingress is written to a cluster; for a file only Sluice can. */
function noteClassAnnotation(root: Field, both: boolean, { report }: Context): void {
  const field = at(at(at(root, "metadata"), "annotations"), LEGACY_CLASS);
  const { value } = field;
  if (typeof value !== "string" || value === "") return;
  report(classAnnotationDeprecated, pathOf(field), { annotation: LEGACY_CLASS, name: printable(value), both });
}

function readDefaultBackend(spec: Field, context: Context): IngressBackend | undefined {
  const modern = at(spec, "defaultBackend");
  const old = at(spec, "backend");
  if (modern.value !== undefined || old.value === undefined) return readBackend(modern, context);
  const backend = readBackend(old, context, "defaultBackend");
  // An old backend with the new members inside has not been noted yet.
  if (backend && at(old, "service").value !== undefined) {
    context.report(backendOldShape, pathOf(old), { found: "spec.backend", modern: "defaultBackend:" });
  }
  return backend;
}

function readTls(field: Field): IngressTLS {
  if (!isObject(field)) required(field, undefined, "an object with hosts and a secretName");
  const hosts = items(at(field, "hosts")).flatMap((host) => required(host, textOfField(host), "a host name") ?? []);
  return present({ hosts: hosts.length > 0 ? hosts : undefined, secretName: textOfField(at(field, "secretName")) });
}

function readRule(field: Field, context: Context): IngressRule {
  if (!isObject(field)) required(field, undefined, "an object with a host and http paths");
  const http = at(field, "http");
  if (!isObject(http)) return present({ host: textOfField(at(field, "host")) });
  const paths = items(at(http, "paths")).map((path) => readPath(path, context));
  return present({ host: textOfField(at(field, "host")), http: { paths } });
}

function readPath(field: Field, context: Context): IngressPath {
  if (!isObject(field)) required(field, undefined, "an object with a path and a backend");
  const backend = at(field, "backend");
  const read = readBackend(backend, context);
  required(backend, read, "an object such as {service: {name: web, port: {number: 80}}}");
  const path = textOfField(at(field, "path"));
  const isEmpty = at(field, "path").value === undefined || path === "";
  // The path is optional in the v1beta1 APIs, and with ImplementationSpecific, where the controller says what it means.
  if (isEmpty && context.apiVersion === "networking.k8s.io/v1" && at(field, "pathType").value !== "ImplementationSpecific") {
    context.report(pathEmpty, pathOf(at(field, "path")), {});
  }
  return { ...present({ path, pathType: readPathType(field, path ?? "", context) }), backend: read ?? {} };
}

function readPathType(path: Field, shownPath: string, context: Context): string | undefined {
  const field = at(path, "pathType");
  const pathType = textOfField(field);
  if (pathType !== undefined || field.value !== undefined) return pathType;
  // The pathType is optional in the v1beta1 APIs, and required in v1.
  if (context.apiVersion === "networking.k8s.io/v1") {
    context.report(pathTypeMissing, pathOf(field), { path: shownPath === "" ? "/" : shownPath });
  }
  return "ImplementationSpecific";
}

function readBackend(field: Field, context: Context, modernKey = ""): IngressBackend | undefined {
  if (!isObject(field)) return undefined;
  const service = at(field, "service");
  const resource = at(field, "resource");
  if (service.value === undefined && resource.value === undefined) return readOldBackend(field, context, modernKey);
  return present({
    service: isObject(service, "an object such as {name: web, port: {number: 80}}")
      ? { name: requiredText(at(service, "name")), ...present({ port: readPort(at(service, "port")) }) }
      : undefined,
    resource: isObject(resource)
      ? {
          ...present({ apiGroup: textOfField(at(resource, "apiGroup")) }),
          kind: requiredText(at(resource, "kind")),
          name: requiredText(at(resource, "name")),
        }
      : undefined,
  });
}

function readPort(field: Field): ServiceBackendPort | undefined {
  const { value } = field;
  if (typeof value === "number") return note(field, `an object such as {number: ${value}}`);
  if (typeof value === "string") return note(field, `an object such as {name: ${value}}`);
  if (!isObject(field)) return undefined;
  return present({ name: textOfField(at(field, "name")), number: portOfField(at(field, "number")) });
}

/** `serviceName` and `servicePort` of the v1beta1 APIs, wherever they stand. */
function readOldBackend(field: Field, context: Context, modernKey: string): IngressBackend | undefined {
  const name = textOfField(at(field, "serviceName"));
  const portField = at(field, "servicePort");
  if (at(field, "serviceName").value === undefined) return note(at(field, "service"), "an object such as {name: web, port: {number: 80}}");
  if (name === undefined) return undefined;
  const servicePort = readOldPort(portField);
  const modernPort = servicePort?.number !== undefined ? `number: ${servicePort.number}` : `name: ${servicePort?.name ?? "http"}`;
  const modern = `service: {name: ${name}, port: {${modernPort}}}`;
  context.report(backendOldShape, pathOf(field), {
    found: `serviceName: ${name}, servicePort: ${portField.value === undefined ? "(missing)" : shown(portField.value)}`,
    modern: modernKey === "" ? modern : `${modernKey}: {${modern}}`,
  });
  return { service: { name, ...present({ port: servicePort }) } };
}

/** A number, a name, or a number in quotes: the old field took all three. */
function readOldPort(field: Field): ServiceBackendPort | undefined {
  const { value } = field;
  if (typeof value !== "string") return field.value === undefined ? undefined : present({ number: portOfField(field) });
  return /^[0-9]+$/.test(value) ? present({ number: portOfField({ ...field, value: Number(value) }) }) : { name: value };
}

function requiredText(field: Field): string {
  return required(field, textOfField(field), "a name") ?? "";
}
