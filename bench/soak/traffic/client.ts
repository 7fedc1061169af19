/** What all kinds of traffic share: the site that they ask, where they note what became of it, and when they end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../test/support/random.ts";
import type { Echo } from "../../../test/support/echo.ts";
import type { Notes } from "../notes.ts";
import type { Site } from "../site.ts";
import { exchange, type Answered, type Request } from "./exchange.ts";

export interface Traffic {
  readonly http: number;
  readonly https: number;
  readonly site: Site;
  readonly notes: Notes;
  readonly random: Random;
  /** Aborted when the traffic shall end; what is under way is finished. */
  readonly signal: AbortSignal;
}

/** Says what is wrong with an answer; undefined: nothing. */
export type Check = (answer: Answered) => string | undefined;

/** Asks, notes the outcome under `kind`, and gives the answer if there was one that is right. */
export async function askNoted({ notes }: Traffic, kind: string, request: Request, check: Check): Promise<Answered | undefined> {
  const { begun, ended, port, answer, error, silentMs } = await exchange(request);
  const wrong = answer === undefined ? undefined : check(answer);
  const what = `${request.host}${request.path}`;
  const problem = error ?? wrong;
  notes.note({ kind, begun, ended, port, problem: problem === undefined ? undefined : `${problem} (${what})`, ...(silentMs === undefined ? {} : { silentMs }), ...(isWrong(answer, wrong) ? { wrong: true } : {}) });
  return problem === undefined ? answer : undefined;
}

/** A status of nginx's own for a backend that is gone or a file that cannot be written is a failure; any other unexpected answer is wrong. */
function isWrong(answer: Answered | undefined, wrong: string | undefined): boolean {
  return wrong !== undefined && answer !== undefined && ![500, 502, 504].includes(answer.status);
}

/** That a backend of these names answered exactly what was asked. */
export function echoes(host: string, path: string, backends: readonly string[]): Check {
  return (answer) => {
    if (answer.status !== 200) return `status ${answer.status}`;
    const echo = echoOf(answer);
    if (echo === undefined) return "no backend's answer";
    if (echo.headers["host"] !== host) return `the backend was asked for the host ${echo.headers["host"]}`;
    if (echo.path !== path) return `the backend was asked for ${echo.path}`;
    return backends.includes(echo.backend) ? undefined : `backend ${echo.backend} answered`;
  };
}

export function echoOf(answer: Answered): Echo | undefined {
  try {
    return JSON.parse(answer.body.toString()) as Echo;
  } catch {
    return undefined;
  }
}

/** Does it again and again, with a pause of half to one and a half `pauseMs`, until the traffic ends. */
export async function again({ signal, random }: Traffic, pauseMs: number, one: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    await one();
    await rest(signal, pauseMs * (0.5 + random.next()));
  }
}

export async function rest(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
