/** Findings about how backends are spoken to: protocols, sizes, TLS, mirrors, FastCGI. */
import { finding } from "../findings.ts";

export const annotationIneffective = finding<{ name: string; why: string }>(
  "annotation-ineffective",
  "info",
  ({ name, why }) => `${name} has no effect here: ${why}`,
  () => "none: requests are served without it",
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
