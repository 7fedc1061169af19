/** Certificates and Ingresses, with ingress-nginx's names: what alerts about expiry and about orphans read. */
import { X509Certificate } from "node:crypto";
import type { Finding } from "../model/findings/findings.ts";
import type { Certificate } from "../model/shapes/routing.ts";
import type { Model, OwnObject } from "../model/model.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { labelText, type Labels, type Metric, type Sample } from "./exposition.ts";
import { PREFIX } from "./request-metrics.ts";

export interface ObjectMetricsInput {
  readonly common: Labels;
  readonly controllerClass: string;
  readonly model: () => Model | undefined;
  readonly own: () => ReadonlyMap<string, OwnObject>;
  readonly findings: () => readonly Finding[];
  /** ingress-nginx behaviour: replicas that do not lead are silent about certificates. */
  readonly leading: () => boolean | undefined;
}

/** The metrics of the objects as they are now. */
export function objectMetrics(input: ObjectMetricsInput): Metric[] {
  const model = input.model();
  return [...(model && input.leading() !== false ? certificateMetrics(input, model) : []), orphans(input)];
}

function certificateMetrics({ controllerClass }: ObjectMetricsInput, { tls, certificates }: Model): Metric[] {
  const ofEach = (name: string, help: string, sample: (labels: Labels, certificate: Certificate) => Sample): Metric => ({
    type: "gauge", name: PREFIX + name, help,
    *samples() {
      for (const [host, id] of tls) {
        const certificate = certificates.get(id);
        if (!certificate || host === CATCH_ALL) continue;
        const { origin } = certificate;
        const { serial } = about(certificate);
        yield sample({ class: controllerClass, host, identifier: `-${serial}`, namespace: origin.namespace, secret_name: origin.name }, certificate);
      }
    },
  });
  return [
    ofEach("ssl_expire_time_seconds", "When the certificate of a host expires.", (labels, { notAfter }) => [labelText(labels), notAfter.getTime() / 1000]),
    ofEach("ssl_certificate_info", "1, with what is in the certificate of a host.", (labels, certificate) => {
      const { serial, issuerOrganization, issuerName, algorithm } = about(certificate);
      const more = { issuer_common_name: issuerName, issuer_organization: issuerOrganization, public_key_algorithm: algorithm, serial_number: serial };
      return [labelText({ ...labels, ...more }), 1];
    }),
  ];
}

interface About {
  readonly serial: string;
  readonly issuerOrganization: string;
  readonly issuerName: string;
  readonly algorithm: string;
}

/** What was parsed of a certificate, kept as long as the certificate. */
const known = new WeakMap<Certificate, About>();
const ALGORITHMS: Readonly<Record<string, string>> = { rsa: "RSA", ec: "ECDSA", ed25519: "Ed25519", dsa: "DSA" };

function about(certificate: Certificate): About {
  const before = known.get(certificate);
  if (before) return before;
  const leaf = new X509Certificate(certificate.chain);
  const field = (name: string): string => leaf.issuer.split("\n").find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const found = {
    serial: BigInt(`0x${leaf.serialNumber || "0"}`).toString(),
    issuerOrganization: field("O"),
    issuerName: field("CN"),
    algorithm: ALGORITHMS[leaf.publicKey.asymmetricKeyType ?? ""] ?? "",
  };
  known.set(certificate, found);
  return found;
}

/** Finding → the type of orphan that it makes of its Ingress. */
const ORPHANS: Readonly<Record<string, string>> = { "service-missing": "no-service", "no-endpoints": "no-endpoint" };

function orphans({ common, own, findings }: ObjectMetricsInput): Metric {
  return {
    type: "gauge", name: `${PREFIX}orphan_ingress`, help: "Whether an Ingress leads to a Service that does not exist, or that has no endpoint.",
    *samples() {
      const found = new Set<string>();
      for (const { code, object } of findings()) {
        const type = ORPHANS[code];
        if (type !== undefined && object.kind === "Ingress") found.add(`${object.namespace}/${object.name} ${type}`);
      }
      for (const { object: { metadata } } of own().values()) {
        for (const type of Object.values(ORPHANS)) {
          yield [labelText({ ...common, ingress: metadata.name, namespace: metadata.namespace, type }), found.has(`${metadata.namespace}/${metadata.name} ${type}`) ? 1 : 0];
        }
      }
    },
  };
}
