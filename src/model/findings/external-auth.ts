/** What can be wrong with external authentication beyond a value of the wrong form. */
import { CLOSED, finding } from "./findings.ts";

export const authUrlUnusable = finding<{ name: string; value: string; why: string }>(
  "auth-url-unusable",
  "error",
  ({ name, value, why }) => `The ${name} "${value}" cannot be used: ${why}`,
  () => CLOSED,
);

export const authWithoutUrl = finding<{ name: string }>(
  "auth-without-url",
  "warning",
  ({ name }) => `${name} needs auth-url, which this Ingress does not set: set it, or remove ${name}`,
  () => "it has no effect",
);
