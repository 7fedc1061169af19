/** HTTP/1.1 over kept and over new connections, with and without TLS. */
import * as http from "node:http";
import * as https from "node:https";
import { ROLLING_HOST } from "../site.ts";
import { again, askNoted, echoes, echoOf, type Check, type Traffic } from "./client.ts";

/** Requests over one kept connection. */
export async function keptConnection(traffic: Traffic): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await again(traffic, 30, () => askApp(traffic, "HTTP/1.1 kept", agent));
  agent.destroy();
}

export function newConnections(traffic: Traffic): Promise<void> {
  return again(traffic, 30, () => askApp(traffic, "HTTP/1.1 new connections"));
}

/** Requests to the Service whose pods are replaced. */
export function rollingUpdates(traffic: Traffic): Promise<void> {
  return again(traffic, 50, async () => {
    const path = `/rolling/${traffic.random.below(1_000_000)}`;
    const check: Check = (answer) => echoes(ROLLING_HOST, path, [echoOf(answer)?.backend ?? ""])(answer);
    await askNoted(traffic, "rolling updates", { port: traffic.http, host: ROLLING_HOST, path }, check);
  });
}

export async function keptTls(traffic: Traffic): Promise<void> {
  const host = traffic.random.pick(traffic.site.tlsHosts);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  await again(traffic, 50, () => askTls(traffic, "TLS kept", host, agent));
  agent.destroy();
}

export function newTls(traffic: Traffic): Promise<void> {
  return again(traffic, 80, () => askTls(traffic, "TLS new connections", traffic.random.pick(traffic.site.tlsHosts)));
}

async function askApp(traffic: Traffic, kind: string, agent?: http.Agent): Promise<void> {
  const { site, random } = traffic;
  const host = random.pick(site.appHosts);
  const path = `/${kind.replace(/\W/g, "-")}/${random.below(1_000_000)}?a=${random.below(9)}`;
  await askNoted(traffic, kind, { port: traffic.http, host, path, ...(agent ? { agent } : {}) }, echoes(host, path, site.appBackends));
}

async function askTls(traffic: Traffic, kind: string, host: string, agent?: https.Agent): Promise<void> {
  const { site, random } = traffic;
  const path = `/tls/${random.below(1_000_000)}`;
  const echo = echoes(host, path, site.appBackends);
  const check: Check = (answer) => echo(answer) ?? certificateProblem(traffic, host, answer.fingerprint);
  await askNoted(traffic, kind, { port: traffic.https, host, path, tls: true, ...(agent ? { agent } : {}) }, check);
}

/** A certificate must be one that was made for the host; which of them, the churn looks at. */
export function certificateProblem({ site }: Traffic, host: string, fingerprint: string | undefined): string | undefined {
  // A resumed session shows no certificate.
  if (fingerprint === undefined || site.fingerprintsOf(host).has(fingerprint)) return undefined;
  return `the certificate ${fingerprint.slice(0, 23)}… is none of this host's`;
}
