/**
 * `sluice wait ingress/NAMESPACE/NAME`: returns when every worker of the Sluice on this machine serves the object as
 * its source says it is now; with --for=rollout, when the release of this canary is ready or over.
 *
 * Asks the admin API on the health port.
 */
import { askedKind, ASKED_KINDS } from "../report/asked-kinds.ts";
import type { AskedState, Version } from "../report/object-state.ts";
import { findingText } from "../model/findings/findings.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { ranInCluster } from "./in-cluster.ts";
import { namedObject } from "./named-object.ts";
import { failureText, healthAddress, NO_SLUICE } from "./running.ts";

const PROGRAMMED = 0;
const LATE = 1;
const NEVER = 3;

/** Longest wait of one question to the admin API, in seconds. Between two questions the command shows what is waited for. */
const STEP = 1;
const RETRY_MS = 200;

export async function waitCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "wait");
  if (settings.help) return void process.stdout.write(helpFor("wait"));
  const { kind, namespace, name } = namedObject(settings.arguments, 'What for? Write "sluice wait ingress/shop/web".', "ingress/shop/web");
  if (settings.for === "rollout" && kind !== "Ingress") throw new UserError(`--for=rollout is about an Ingress, and not about a ${kind}: leave it out.`, 2);
  if (await ranInCluster("wait", settings, argv)) return;
  const deadline = Date.now() + settings.timeout * 1000;
  const answer = await waitFor(settings, `/api/v1/${ASKED_KINDS[kind].plural}/${namespace}/${name}`, deadline);
  process.exitCode = exitCode(answer);
  if (settings.for === "rollout" && process.exitCode === PROGRAMMED) {
    process.exitCode = await (await import("./wait-rollout.ts")).waitForRollout(settings, `${namespace}/${name}`, deadline);
    return;
  }
  if (settings.output === "json") process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  else (process.exitCode === PROGRAMMED ? process.stdout : process.stderr).write(answerText(answer, settings));
}

/** The state as the last answer had it; `unreachable`: there was no answer. */
type Answer = AskedState | { readonly state: "unreachable"; readonly reason: string };

/** @param deadline milliseconds since 1970. */
async function waitFor(settings: Settings, path: string, deadline: number): Promise<Answer> {
  const began = Date.now();
  let said = "";
  for (;;) {
    const left = deadline - Date.now();
    const last = await ask(settings, `${path}?wait=${Math.max(0, Math.min(STEP, left / 1000))}`, Math.max(left, 0) + 2000);
    if (last.state !== "pending" && last.state !== "unreachable") return last;
    if (Date.now() >= deadline) return last;
    const reason = "reason" in last ? last.reason : (last.waitingFor ?? "it is on its way");
    if (settings.output === "text" && Date.now() - began >= 1000 && reason !== said) process.stderr.write(`waiting: ${printable((said = reason))}\n`);
    if (last.state === "unreachable") await new Promise((resolve) => setTimeout(resolve, Math.min(RETRY_MS, Math.max(deadline - Date.now(), 0))));
  }
}

async function ask(settings: Settings, path: string, limit: number): Promise<Answer> {
  const unreachable = (reason: string): Answer => ({ state: "unreachable", reason: `no Sluice answers at ${healthAddress(settings)}: ${reason}` });
  try {
    const response = await fetch(`http://${healthAddress(settings)}${path}`, { signal: AbortSignal.timeout(limit) });
    if (response.status !== 200) return unreachable(`HTTP status ${response.status}, ${(await response.text()).slice(0, 200).trim()}`);
    return (await response.json()) as AskedState;
  } catch (error) {
    return unreachable(failureText(error));
  }
}

function exitCode({ state }: Answer): number {
  if (state === "programmed") return PROGRAMMED;
  if (state === "unreachable") return NO_SLUICE;
  return state === "pending" ? LATE : NEVER;
}

function answerText(answer: Answer, { timeout }: Settings): string {
  if ("reason" in answer) return `sluice: ${printable(answer.reason)}.\n`;
  const { kind, object, state, seen, programmed, waitingFor, findings } = answer;
  const [namespace = "", name = ""] = object.split("/");
  // "gateway/shop" is read as an Ingress of the namespace "gateway".
  const meant = kind === "Ingress" ? (askedKind(namespace) ?? kind) : kind;
  const missing = kind === "Ingress" ? "" : " (is it run with --gateway-api?)";
  const foreign = kind.endsWith("Route") || kind === "ListenerSet" ? "names no Gateway that is ours as its parent" : "is not of our class";
  const notes = findings.map((finding) => printable(`  ${finding.severity}: ${findingText(finding)}`));
  const sentence = {
    programmed: `${kind} ${object} is programmed${versionText(programmed)}`,
    pending: `${kind} ${object} is not programmed after ${timeout} s: ${waitingFor ?? "it is on its way"}`,
    absent: `There is no ${kind} ${name} in namespace ${namespace} where this Sluice looks${missing}: write it as ${meant.toLowerCase()}/NAMESPACE/NAME`,
    foreign: `${kind} ${object} ${foreign}: this Sluice does not serve it`,
    refused: `${kind} ${object} is refused as a whole${versionText(seen)}`,
  }[state];
  return `${[printable(sentence), ...notes].join("\n")}\n`;
}

function versionText(version: Version | undefined): string {
  if (version?.resourceVersion === undefined) return "";
  return ` (generation ${version.generation ?? "unknown"}, resourceVersion ${version.resourceVersion})`;
}
