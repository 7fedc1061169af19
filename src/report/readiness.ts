/**
 * Whether this Sluice is fit for traffic: everything it read is programmed, and every worker keeps up.
 *
 * Changes are programmed all the time, so being behind for a moment is normal; getting no further for ten seconds is not.
 */
import type { EngineState } from "../engine/engine.ts";
import { steadyNow } from "../support/steady-clock.ts";

const PATIENCE_MS = 10_000;

export interface Readiness {
  /** Why no traffic should come; undefined when it may. */
  problem(): string | undefined;
  /**
   * What has kept changes from being taken for ten seconds; undefined while they are, and before the first. It stays the same sentence
   * while more changes come.
   */
  stuck(): string | undefined;
}

interface Waiting {
  readonly what: string;
  readonly generation: number;
  /** Nothing was acknowledged for ten seconds. */
  readonly late: boolean;
  /** Something is programmed: by us, or by the Sluice before, whose nginx was adopted. */
  readonly serving: boolean;
}

/** @param now milliseconds. @param reading what the first reading of the source waits for; undefined: not known. */
export function createReadiness(state: () => EngineState, now: () => number = steadyNow, reading: () => string | undefined = () => undefined): Readiness {
  let everReady = false;
  /** The value of `programmed` (`at`) that probes have seen unchanged since `since`, while more was observed. */
  let stuck: { readonly at: number; readonly since: number } | undefined;

  const waiting = (): Waiting | undefined => {
    const { programmed, observed, behind, refused } = state();
    // What waits for a reload, or was refused, is no reason to turn traffic away: everybody runs the same Program.
    if ((observed > 0 && programmed >= observed) || (everReady && behind.length === 0)) {
      everReady = true;
      stuck = undefined;
      return undefined;
    }
    if (stuck?.at !== programmed) stuck = { at: programmed, since: now() };
    const why = reading();
    const first = why === undefined ? "the first reading" : `the first reading: ${why}`;
    const what = observed === 0 ? first : (refused ?? (behind.length > 0 ? behind.join(", ") : "nginx"));
    return { what, generation: observed, late: now() - stuck.since >= PATIENCE_MS, serving: programmed > 0 };
  };

  const notAcknowledged = ({ generation, what }: Waiting): string => `generation ${generation} is not acknowledged by ${what}`;

  const problem = (): string | undefined => {
    const found = waiting();
    if (!found) return undefined;
    if (!everReady) return `nothing is programmed yet; waiting for ${found.what}`;
    return found.late ? notAcknowledged(found) : undefined;
  };

  return {
    problem,
    stuck() {
      const found = waiting();
      return found?.late && found.serving ? `they are not acknowledged by ${found.what}` : undefined;
    },
  };
}
