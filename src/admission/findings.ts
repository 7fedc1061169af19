/** Findings about what keeps the webhook from answering. */
import { finding } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";

interface Unusable {
  readonly why: string;
  /** The previous certificate is still used. */
  readonly previous: boolean;
}

export const webhookCertificateUnusable = finding<Unusable>(
  "webhook-certificate-unusable",
  "error",
  ({ why }) => `The admission webhook's certificate cannot be used: ${why}; correct the file, it is read anew by itself`,
  ({ previous }) =>
    previous ? "the certificate before is used until it expires" : "admission requests are not answered: the API server does as failurePolicy says",
);

/** Made by hand, because its subject is a file and no Kubernetes object. */
export function certificateUnusable(file: string, params: Unusable): Finding {
  const { code, severity, sentence, effect } = webhookCertificateUnusable;
  return { code, severity, object: { kind: "File", namespace: "", name: file }, field: "", sentence: sentence(params), effect: effect(params) };
}
