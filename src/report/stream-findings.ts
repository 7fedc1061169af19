/** Findings about ports below http that are not served as asked. */
import { STREAM_PACKAGES } from "../compile/facts.ts";
import type { Listener } from "../compile/stream-conf.ts";
import type { StreamState } from "../engine/step/streams.ts";
import type { Finding, Subject } from "../model/findings/findings.ts";
import { portText } from "../model/streams/listeners.ts";

export function streamFindings({ blocked, refused, modulesMissing, keepsHttps }: StreamState): Finding[] {
  const engine: Subject = { kind: "Engine", namespace: "", name: "nginx" };
  const findings = [...blocked].map(([listener, why]) => portBlocked(listener, why));
  if (refused !== undefined) {
    findings.push({
      code: "stream-refused", severity: "error", object: engine, field: "stream.conf",
      sentence: `nginx refuses its new configuration for ports below http: ${refused}`,
      effect: "these ports are served as before; http is not affected",
    });
  }
  if (modulesMissing) {
    findings.push({
      code: "stream-module-missing", severity: "error", object: engine, field: "modules",
      sentence: `Ports below http need modules that are not installed where nginx runs: install the Debian packages ${STREAM_PACKAGES} there and start Sluice again`,
      effect: "TCP and UDP ports are not served and no TLS is passed through; http and https are not affected",
    });
  }
  if (keepsHttps) {
    findings.push({
      code: "stream-keeps-https", severity: "info", object: engine, field: "--enable-ssl-passthrough",
      sentence: "The nginx that an earlier run left has the https port below http, although --enable-ssl-passthrough is off: run \"sluice stop\" and start Sluice again to end that",
      effect: "https is served with a hop more; no TLS is passed through",
    });
  }
  return findings;
}

function portBlocked(listener: Listener, why: string): Finding {
  const { kind, namespace, name, field } = listener.origin;
  const port = portText(listener);
  return {
    code: "stream-port-blocked",
    severity: "error",
    object: { kind: kind as Subject["kind"], namespace, name },
    field,
    sentence: `${port} cannot be opened: ${portTrouble(why)}`,
    effect: `${port} is not served; it is tried again every half a minute`,
  };
}

/** Why a port cannot be opened, and what to do. */
export function portTrouble(code: string): string {
  switch (code) {
    case "EADDRINUSE":
      return "another process uses it: stop that process or choose another port";
    case "EACCES":
      return "it needs privileges that Sluice does not have: run as root, or choose a port above 1023";
    case "EADDRNOTAVAIL":
      return "its address is none of this machine: choose another one";
    default:
      return `${code}: choose another port`;
  }
}
