/** What `sluice explain --live` prints beside the steps. */
import type { JournalRow } from "../../edge/src/journal.ts";
import type { RouteReply } from "../../edge/src/question.ts";
import { journalText } from "../get/requests.ts";
import { ANSWERS } from "../report/answers.ts";
import { percent } from "../rollout/release.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { plain } from "../support/terminal.ts";
import type { EndpointHistory, Live } from "./live.ts";

/** @param now milliseconds of Unix time. */
export function liveLines({ observed, programmed, behind, workers, differ, requests, endpoints, rollouts = [] }: Live, now = Date.now()): string[] {
  const told = behind.length === 0 ? `all serve generation ${observed}` : `generation ${observed} is served by all but ${behind.join(", ")} (all: ${programmed})`;
  const replies = workers.length === 0 ? "" : differ.length === 0 ? `; asked now, ${workers.length === 1 ? "it agrees" : `all ${workers.length} agree`}` : "; asked now:";
  return [
    `Workers: ${told}${replies}`,
    ...differ.map((reply) => `  worker ${reply.slot} (pid ${reply.pid}, generation ${reply.generation}): ${replyText(reply)}`),
    ...(endpoints.length === 0 ? [] : ["Endpoints, in the requests that were noted:", ...endpoints.map((one) => `  ${historyText(one, now)}`)]),
    ...rollouts.flatMap((one) => rolloutLines(one, now)),
    ...requestLines(requests),
  ];
}

function replyText({ host, namespace, ingress, route, pool, canary, status, reason, endpoints }: RouteReply): string {
  const rule = ingress === "" ? (host === "" ? "no host" : `host ${host}`) : `${namespace}/${ingress} ${route}`;
  return status === 0 ? `${rule} → ${canary === "" ? "" : "canary "}${pool}: ${endpoints.join(" ")}` : `${rule} → ${status} ${reason}`;
}

function historyText({ endpoint, asked, failed, lastAnswer, lastFailure }: EndpointHistory, now: number): string {
  if (asked === 0) return `${endpoint} was not asked`;
  const answered = lastAnswer === undefined ? "" : `answered ${asked - failed}, last ${agoText(now - lastAnswer)}`;
  const broke = lastFailure === undefined ? "" : `failed ${failed}, last ${agoText(now - lastFailure)}`;
  return `${endpoint} ${[answered, broke].filter((part) => part !== "").join("; ")}`;
}

function agoText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s ago` : seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

function rolloutLines({ ingress, status, weight, step, steps, since, waitingFor, last }: RolloutStatus, now: number): string[] {
  const waits = waitingFor === undefined ? "" : `; it waits for ${waitingFor}`;
  return [`Rollout of ${ingress}: ${status} at ${percent(weight / 100)}, step ${step} of ${steps.length}, since ${agoText(now - Date.parse(since)).replace(/ ago$/, "")}${waits}`, `  ${last}`];
}

function requestLines(requests: readonly JournalRow[]): string[] {
  if (requests.length === 0) return ["No such request was noted: send one, and ask again."];
  const reasons = [...new Set(requests.map(({ reason }) => reason))];
  const meanings = Object.entries(ANSWERS).filter(([reason]) => reasons.includes(reason)).flatMap(([reason, { means, look }]) => [`  ${reason}: ${means}`, `    ${look}`]);
  return ["The last requests like it:", ...requests.map((row) => `  ${journalText(row, plain)}`), ...meanings];
}
