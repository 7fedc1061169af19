/**
 * `sluice wait ingress/NAMESPACE/NAME --for=rollout`: returns when the release of the canary is ready to promote, or over.
 *
 * The Ingress was just served as its source says it is. What that began or ended is known a moment later, and so is what a Sluice keeps that was just
 * started, so an end counts when it still is one then. An Ingress that is written anew may be away for a moment, too.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutStatus, RolloutWord } from "../rollout/status.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { askRollouts, noSuchRollout } from "./rollout-api.ts";
import { NO_SLUICE } from "./running.ts";

/** Longer than a Sluice needs to know of a release that begins: it looks once a second. */
const SETTLED_MS = 2500;
const LOOK_MS = 500;

const READY = 0;
const LATE = 1;
const NEVER = 3;
const ENDS: Readonly<Record<RolloutWord, number | undefined>> = { advancing: undefined, paused: undefined, ready: READY, promoted: READY, failed: NEVER, aborted: NEVER };

/**
 * Prints how the release is at the end. Gives the exit code.
 * @param deadline milliseconds since 1970.
 */
export async function waitForRollout(settings: Settings, key: string, deadline: number): Promise<number> {
  let said = "";
  let kind = "";
  let since = 0;
  for (;;) {
    const looked = await look(settings, key);
    const now = Date.now();
    if (kindOf(looked) !== kind) [kind, since] = [kindOf(looked), now];
    const isOver = looked instanceof UserError ? kind === "absent" : ENDS[looked.status] !== undefined;
    if ((isOver && now - since >= SETTLED_MS) || now >= deadline) return end(settings, looked);
    const reason = looked instanceof UserError ? looked.message : waitsText(looked);
    if (settings.output === "text" && !isOver && reason !== said) process.stderr.write(`waiting: ${printable((said = reason))}\n`);
    await sleep(Math.max(0, Math.min(LOOK_MS, deadline - now)));
  }
}

function kindOf(looked: RolloutStatus | UserError): "there" | "absent" | "unanswered" {
  if (!(looked instanceof UserError)) return "there";
  return looked.exitCode === NO_SLUICE ? "unanswered" : "absent";
}

/** A UserError with exit code NO_SLUICE: none answered; with another one: there is no such release. */
async function look(settings: Settings, key: string): Promise<RolloutStatus | UserError> {
  try {
    const statuses = await askRollouts(settings);
    return statuses.find(({ ingress }) => ingress === key) ?? new UserError(noSuchRollout(key, statuses).message, NEVER);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Says nothing that is another with each request. */
function waitsText({ step, steps, weight, waitingFor = "its least time" }: RolloutStatus): string {
  return `step ${step} of ${steps.length}, at ${weight} % of the requests: ${waitingFor.replace(/^[\d,]+ more requests/, "more requests")}`;
}

function end(settings: Settings, looked: RolloutStatus | UserError): number {
  if (looked instanceof UserError) throw looked;
  const code = ENDS[looked.status] ?? LATE;
  if (settings.output === "json") process.stdout.write(`${JSON.stringify(looked, null, 2)}\n`);
  else (code === READY ? process.stdout : process.stderr).write(`${printable(sentence(looked, settings, code === LATE))}\n`);
  return code;
}

const ENDED: Readonly<Record<RolloutWord, string>> = { advancing: "goes on", paused: "is paused", ready: "is ready to promote", promoted: "is promoted", failed: "has failed", aborted: "was aborted" };

function sentence(status: RolloutStatus, { timeout }: Settings, isLate: boolean): string {
  const release = `The release of ingress/${status.ingress}`;
  return isLate ? `${release} is not over after ${timeout} s: ${waitsText(status)}` : `${release} ${ENDED[status.status]}. ${status.last}`;
}
