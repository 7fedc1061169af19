/** What can be wrong with Services, their endpoints and other targets. */
import { finding } from "./findings.ts";

interface OfPool {
  /** What becomes of the requests. */
  readonly effect: string;
}

export const serviceMissing = finding<OfPool & { service: string; namespace: string }>(
  "service-missing",
  "error",
  ({ service, namespace }) => `Service "${service}" does not exist in namespace "${namespace}": create it or correct the name`,
  ({ effect }) => effect,
  undefined,
  ({ service, namespace }) => ({ kind: "Service", namespace, name: service }),
);

export const servicePortMissing = finding<OfPool & { service: string; port: string; ports: readonly string[] }>(
  "service-port-missing",
  "error",
  ({ service, port, ports }) =>
    `Service "${service}" has no port ${port === "" ? "at all" : `"${port}"`}` +
    (ports.length > 0 ? `: it has ${ports.join(", ")}` : ": add one to its spec.ports"),
  ({ effect }) => effect,
);

export const noEndpoints = finding<OfPool & { service: string; port: string }>(
  "no-endpoints",
  "info",
  ({ service, port }) => `Service "${service}" has no ready endpoint for port "${port}": look at its selector and pods`,
  ({ effect }) => effect,
);

interface InFiles {
  readonly service: string;
  readonly port: string;
  /** Names of the Service's EndpointSlices. */
  readonly slices: readonly string[];
  /** An EndpointSlice that would do, on one line. */
  readonly slice: string;
  /** A value of the flag --endpoint that would do. */
  readonly flag: string;
}

export const noEndpointsInFiles = finding<OfPool & InFiles>(
  "no-endpoints",
  "error",
  ({ service, port, slices, slice, flag }) =>
    (slices.length > 0
      ? `Service "${service}" has no ready endpoint for port "${port}" in ${slices.join(", ")}: add one there`
      : `Service "${service}" has no EndpointSlice in these files, and no cluster writes one: add the document ${slice} with the address of what answers`) +
    `, or give --endpoint=${flag}`,
  ({ effect }) => effect,
);

export const externalNameDisabled = finding<OfPool & { service: string }>(
  "external-name-disabled",
  "error",
  ({ service }) => `Service "${service}" is of type ExternalName, which is not allowed here (--disable-svc-external-name)`,
  ({ effect }) => effect,
);

export const externalNameRefused = finding<OfPool & { service: string; name: string; why: string }>(
  "external-name-refused",
  "error",
  ({ service, name, why }) => `The externalName "${name}" of Service "${service}" is refused: ${why}`,
  ({ effect }) => effect,
);

export const externalNameUnresolved = finding<OfPool & { service: string; name: string }>(
  "external-name-unresolved",
  "error",
  ({ service, name }) => `The externalName "${name}" of Service "${service}" has no address in DNS: correct it or wait for DNS`,
  ({ effect }) => effect,
);

export const targetRefused = finding<OfPool & { name: string; why: string }>(
  "target-refused",
  "error",
  ({ name, why }) => `The target "${name}" is refused: ${why}`,
  ({ effect }) => effect,
);

export const targetUnresolved = finding<OfPool & { name: string }>(
  "target-unresolved",
  "error",
  ({ name }) => `The target "${name}" has no address in DNS: correct it or wait for DNS`,
  ({ effect }) => effect,
);
