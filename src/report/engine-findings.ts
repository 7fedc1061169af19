/** What is wrong with the engine itself, as findings, which are seen where those about objects are. */
import type { EngineState } from "../engine/engine.ts";
import { LEAVING_MS, MOST_LEAVING } from "../engine/leaving.ts";
import type { Finding, Severity } from "../model/findings/findings.ts";
import type { Front } from "../model/shapes/front.ts";
import { portTrouble, streamFindings } from "./stream-findings.ts";

/** @param stuck what has kept changes from being acknowledged for too long; undefined: nothing has. */
export function engineFindings(state: EngineState, stuck: string | undefined): Finding[] {
  const findings: Finding[] = [];
  const add = (code: string, severity: Severity, field: string, sentence: string, effect: string): void => {
    findings.push({ code, severity, object: { kind: "Engine", namespace: "", name: "nginx" }, field, sentence, effect });
  };
  if (state.refused !== undefined) {
    add("engine-refused", "error", "nginx.conf", `nginx refuses its new configuration: ${state.refused}`,
      "nginx goes on with the configuration before; routes that need a new profile wait");
  }
  for (const worker of state.silent) {
    add("worker-silent", "error", "workers", `${worker} of nginx has not said a word for ten seconds: look for what keeps it busy, such as passwords that take long to check`,
      "requests that it has taken wait; after half a minute it is ended and nginx starts another");
  }
  if (state.keysNotKept) {
    add("keys-not-kept", "warning", "--runtime-dir", "The runtime folder is not in memory, so private keys are not kept in it: choose one on tmpfs",
      "a worker that starts while the controller is away serves https with the default certificate");
  }
  if (state.snapshotProblem !== undefined) {
    add("snapshot-behind", "error", "--runtime-dir", `The runtime folder cannot be written (${state.snapshotProblem}): give it more room`,
      "a worker that starts while the controller is away serves what was written last");
  }
  if (state.endpointsProblem !== undefined) {
    add("endpoints-behind", "error", "--runtime-dir", `The files that connections below http are led by cannot be written (${state.endpointsProblem}): give the runtime folder more room`,
      "TCP and UDP ports and passed-through hosts keep their earlier endpoints, and no change counts as programmed; it is tried again every second");
  }
  if (state.leaving.http.generations >= MOST_LEAVING) {
    add("old-generations", "warning", "workers", `Workers of ${MOST_LEAVING} earlier configurations are at their last requests: let clients end long connections now and then, or set worker-shutdown-timeout`,
      `before the next reload the oldest are ended with their connections; a reload for a new profile waits until they have had ${LEAVING_MS / 60_000} minutes`);
  }
  for (const name of state.missingPackages) {
    add("engine-module-missing", "error", "modules", `enable-modsecurity or enable-owasp-core-rules asks for what is not installed where nginx runs: install the Debian package ${name} there and start Sluice again`,
      "every path that asks for it answers 503");
  }
  for (const { key, name } of state.missingModules) {
    add("config-module-missing", "warning", "modules", `"${key}" asks for a module of nginx that is not installed where nginx runs: install the Debian package ${name} there and start Sluice again`,
      "it has no effect");
  }
  findings.push(...[...state.frontsBlocked].map(([front, why]) => frontBlocked(front, why)), ...streamFindings(state.streams));
  if (stuck !== undefined) {
    add("worker-behind", "error", "workers", `Changes are not taken: ${stuck}`, "this Sluice says that it is not ready");
  }
  return findings;
}

function frontBlocked({ id, origin: { namespace, name, field } }: Front, why: string): Finding {
  return {
    code: "gateway-port-blocked", severity: "error", object: { kind: "Gateway", namespace, name }, field,
    sentence: `"${id}" cannot be opened: ${portTrouble(why)}`, effect: "listeners of Gateways there are not served; it is tried again every half a minute",
  };
}
