/** What can be wrong with the annotations about a host's TLS. */
import { finding } from "./findings.ts";

/** The effect of everything about client certificates that cannot be honoured. */
export const HOST_FORBIDDEN = "every request to its hosts gets 403, or, where an older Ingress decides for the host, 503 on the paths of this one";

export const annotationForbidden = finding<{ name: string; value: string; expects: string }>(
  "annotation-forbidden",
  "error",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  () => HOST_FORBIDDEN,
);

export const clientAuthWithoutSecret = finding<{ name: string }>(
  "client-auth-without-secret",
  "error",
  ({ name }) => `${name} keeps clients out by their certificates, but auth-tls-secret does not say who signs them: add it, or remove ${name}`,
  () => HOST_FORBIDDEN,
);

export const clientAuthUnused = finding<{ name: string }>(
  "client-auth-unused",
  "info",
  ({ name }) => `${name} means nothing without auth-tls-secret: add that, or remove ${name}`,
  () => "it has no effect",
);

export const clientAuthOverHttp = finding<{ name: string }>(
  "client-auth-over-http",
  "warning",
  ({ name }) =>
    `${name} verifies clients over https only, and plain http is not redirected: list the hosts under spec.tls (with ssl-redirect), or set force-ssl-redirect`,
  () => "requests over plain http are served without a certificate",
);

export const hostSettingDecided = finding<{ name: string; host: string; winner: string }>(
  "host-setting-decided",
  "warning",
  ({ name, host, winner }) => `${name} of ${host} is decided by the Ingress ${winner}, which comes first and says something else: make them say the same`,
  ({ winner }) => `what ${winner} says holds for the whole host`,
  ({ name, host }, loser) => `The Ingress ${loser} says something else of ${name} for ${host}, and comes later: what this Ingress says holds`,
);

export const sslPassthroughNotOffered = finding<{ name: string }>(
  "ssl-passthrough-not-offered",
  "info",
  ({ name }) => `${name} asks for TLS to go through to the backend, which needs the flag --enable-ssl-passthrough: set that, or remove ${name}`,
  () => "TLS ends at Sluice",
);
