/** What can be wrong with external authentication beyond a value of the wrong form. */
import { listed } from "../../support/text.ts";
import { CLOSED, finding } from "./findings.ts";

export const authUrlUnusable = finding<{ name: string; value: string; why: string }>(
  "auth-url-unusable",
  "error",
  ({ name, value, why }) => `The ${name} "${value}" cannot be used: ${why}`,
  () => CLOSED,
);

export const authUrlOfNoHost = finding<{ value: string; hosts: readonly string[] }>(
  "auth-url-of-no-host",
  "error",
  ({ value, hosts }) => `The auth-url "${value}" asks the host that the client asks for, and ${listed(hosts, 3)} stands for many: name the service's own host, or give each host a rule of its own`,
  ({ hosts }) => `requests for ${listed(hosts, 3)} answer 503`,
);

export const authWithoutUrl = finding<{ name: string }>(
  "auth-without-url",
  "warning",
  ({ name }) => `${name} needs auth-url, which this Ingress does not set: set it, or remove ${name}`,
  () => "it has no effect",
);
