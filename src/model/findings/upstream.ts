/** Findings about how backends are spoken to: protocols, sizes, TLS, mirrors, FastCGI. */
import { finding } from "./findings.ts";

export const annotationIneffective = finding<{ name: string; why: string }>(
  "annotation-ineffective",
  "info",
  ({ name, why }) => `${name} has no effect here: ${why}`,
  () => "none: requests are served without it",
);

export const grpcNeedsTls = finding<{ host: string }>(
  "grpc-needs-tls",
  "warning",
  ({ host }) => `gRPC is HTTP/2, which nginx before 1.25.1 takes over TLS only, and ${host} has no certificate: list it under spec.tls, or run a newer nginx`,
  ({ host }) => `gRPC clients without TLS cannot talk to ${host}; over TLS they see the default certificate`,
);

export const sizeAdjusted = finding<{ name: string; given: number; used: number; limits: string }>(
  "size-adjusted",
  "warning",
  ({ name, given, limits }) => `${name} asks for ${given} bytes: ${limits}`,
  ({ used }) => `${used} bytes are used`,
);

export const backendUnverifiable = finding<{ why: string; effect: string }>(
  "backend-unverifiable",
  "error",
  ({ why }) => `proxy-ssl-verify is on, but ${why}: name a Secret with ca.crt in proxy-ssl-secret`,
  ({ effect }) => effect,
);

export const mirrorTargetInvalid = finding<{ value: string; why: string }>(
  "mirror-target-invalid",
  "warning",
  ({ value, why }) => `mirror-target cannot be "${value}": ${why}`,
  () => "requests are not mirrored",
);
