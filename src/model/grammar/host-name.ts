/**
 * Host names of Ingress rules: which are valid, and how they are compared.
 */
import { isIPv4 } from "node:net";

const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** DNS-1123 subdomain (Kubernetes API: at most 253 characters). */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && SUBDOMAIN.test(name);
}

/**
 * The host in the form in which hosts are compared: lower case. Undefined when the Kubernetes API would refuse it: anything
 * but a DNS-1123 subdomain, with one leading `*.` allowed, and no IP address.
 */
export function normalHost(text: string): string | undefined {
  const host = text.toLowerCase();
  const name = host.startsWith("*.") ? host.slice(2) : host;
  return isSubdomain(name) && !isIPv4(host) ? host : undefined;
}

/**
 * What to write in place of a text that is no host name, because it holds more than the name (a URL, a port, a path,
 * blanks, a dot at the end) means all names (`*`), or is an address. Undefined: what was meant is not clear.
 */
export function insteadOfHost(text: string): string | undefined {
  if (/^[\s*.]*$/.test(text)) return "no host at all, which means all of them";
  if (isIPv4(text.trim())) return "no host, for a rule without one takes requests by address, too";
  const name = /^\s*(?:[a-z][a-z0-9+.-]*:\/\/)?([^/:\s]+?)\.?(?::\d*)?(?:\/.*)?\s*$/is.exec(text)?.[1];
  const host = name === undefined ? undefined : normalHost(name);
  return host === undefined ? undefined : `"${host}"`;
}
