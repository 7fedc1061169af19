/** What can be wrong with ports below http, and with hosts whose TLS is passed through. */
import { finding } from "./findings.ts";

export const streamConfigMapMissing = finding<{ flag: string; protocol: string }>(
  "stream-configmap-missing",
  "warning",
  ({ flag }) => `${flag} names a ConfigMap that does not exist or may not be read: create it, correct the flag, or grant it`,
  ({ protocol }) => `no ${protocol} port is served for it`,
);

export const streamPortInvalid = finding<{ key: string }>(
  "stream-port-invalid",
  "error",
  ({ key }) => `"${key}" is no port: a key is a number from 1 to 65535`,
  () => "this entry is ignored",
);

export const streamEntryInvalid = finding<{ value: string; port: string }>(
  "stream-entry-invalid",
  "error",
  ({ value }) => `"${value}" does not name a Service port: write namespace/service:port, with :PROXY or :PROXY:PROXY behind it where the PROXY protocol is spoken`,
  ({ port }) => `${port} is not served`,
);

export const streamProxyOverUdp = finding<Record<never, never>>(
  "stream-proxy-over-udp",
  "warning",
  () => "The PROXY protocol is for TCP: remove the words PROXY",
  () => "the port is served without it",
);

export const streamPortTaken = finding<{ port: string; by: string }>(
  "stream-port-taken",
  "error",
  ({ port, by }) => `${port} belongs to ${by}: choose another one`,
  ({ by }) => `connections go where ${by} leads`,
);

export const passthroughHost = finding<{ host: string }>(
  "ssl-passthrough-host",
  "warning",
  ({ host }) => `TLS is passed through for exact host names only, not for ${host}: give each host a rule`,
  () => "TLS of this host ends at Sluice",
);

export const passthroughNotOwner = finding<{ host: string; owner: string }>(
  "ssl-passthrough-not-owner",
  "error",
  ({ host, owner }) => `Whether TLS of ${host} is passed through is decided in the namespace of its oldest Ingress, ${owner}: set ssl-passthrough there`,
  () => "the annotation has no effect",
);

export const passthroughAliases = finding<{ host: string; names: string }>(
  "ssl-passthrough-aliases",
  "warning",
  ({ host, names }) => `TLS is passed through for ${host} itself and for none of its other names (${names}): give each a rule and the annotation`,
  () => "TLS of the other names ends at Sluice, with the paths, checks and certificate of their host",
);

export const passthroughWithoutRoot = finding<{ host: string }>(
  "ssl-passthrough-without-root",
  "warning",
  ({ host }) => `ssl-passthrough leads to the backend of the path / and ${host} has none in this namespace: add one with a Service`,
  () => "TLS of this host ends at Sluice",
);
