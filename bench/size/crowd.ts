/** The clusters that are measured: hosts as in the rest of the benchmark, every fifth of them with a certificate of its own. */
import { selfSigned } from "../../src/engine/agent/default-certificate.ts";
import { host, type ApiObject } from "../cluster.ts";

/** One host in so many has a certificate. */
const HOSTS_PER_CERTIFICATE = 5;

const NOW = new Date();
/** Made once in a run: half a millisecond each. */
const SECRETS = new Map<number, ApiObject>();

/** `host-<i>.bench`: an Ingress, a Service, an EndpointSlice and, for every fifth, a Secret with an ECDSA pair of its own. */
export function crowdHost(i: number, port: number): ApiObject[] {
  const [ingress, service, slice] = host(i, port);
  // Not the first, which is asked over http.
  if (i % HOSTS_PER_CERTIFICATE !== 1) return [ingress, service, slice];
  const { name } = ingress.metadata;
  const spec = { ...(ingress["spec"] as object), tls: [{ hosts: [`${name}.bench`], secretName: name }] };
  return [{ ...ingress, spec }, service, slice, secretOf(i, ingress)];
}

function secretOf(i: number, { metadata: { name, namespace } }: ApiObject): ApiObject {
  const known = SECRETS.get(i);
  if (known) return known;
  const { certificate, key } = selfSigned(NOW, `${name}.bench`);
  const secret: ApiObject = {
    apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    data: { "tls.crt": base64(certificate), "tls.key": base64(key) },
  };
  SECRETS.set(i, secret);
  return secret;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
