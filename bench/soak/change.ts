/** One change, and how long it takes until a client gets the answer that it makes right. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../test/support/cluster.ts";
import type { Random } from "../../test/support/random.ts";
import type { Site } from "./site.ts";
import { exchange, type Answered, type Request } from "./traffic/exchange.ts";

export interface Change {
  readonly what: string;
  /** Milliseconds from the write's answer to the first right answer; undefined: not in time. */
  readonly ms: number | undefined;
  /** Whether nothing was disturbed meanwhile. */
  readonly calm: boolean;
  /** What the last wrong answer was, of a change that was not live in time. */
  readonly last?: string;
}

export interface ChurnInput {
  readonly cluster: Cluster;
  readonly site: Site;
  readonly http: number;
  readonly https: number;
  readonly random: Random;
  /** Whether a disturbance is under way: then nobody promises a time. */
  readonly disturbed: () => boolean;
  /** Milliseconds between two changes of data, and between two that need a reload. */
  readonly pauseMs: number;
  readonly reloadMs: number;
  /** Whether workers shall become old now: then nothing is changed that needs a reload. */
  readonly quiet: () => boolean;
  /** Aborted when the run ends: nothing is waited for then. */
  readonly signal: AbortSignal;
}

export type Asked = Omit<Request, "port">;
export type Right = (answer: Answered) => boolean;

/** Undisturbed milliseconds that a change may take: one of data, and one that waits for a reload, at most one a minute for a namespace. */
const LIMIT_MS = 10_000;
export const RELOAD_LIMIT_MS = 90_000;
/** Asks until the answer is right. Time during a disturbance does not count against the limit. */
export async function live(input: ChurnInput, what: string, asked: Asked, right: Right, limitMs = LIMIT_MS): Promise<Change> {
  const begun = performance.now();
  let calm = !input.disturbed();
  let left = limitMs;
  let last = "";
  for (let before = begun; left > 0 && !input.signal.aborted;) {
    const { answer, error } = await exchange({ ...asked, port: asked.tls ? input.https : input.http });
    const now = performance.now();
    if (answer && right(answer)) return { what, calm, ms: now - begun };
    last = error ?? `status ${answer?.status} ${answer?.body.toString().slice(0, 80)}`;
    if (input.disturbed()) calm = false;
    else left -= now - before;
    before = now;
    await sleep(5);
  }
  return { what, calm, ms: undefined, last: `${asked.host}: ${last}` };
}
