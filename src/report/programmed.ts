/**
 * Which Ingresses every worker of this replica serves, and in which version.
 *
 * Guarantee: an Ingress counts as programmed when all that its version means has been acknowledged by every worker and
 * the agent: it is compared with acknowledgements, never with a time. A host of it that waits for a reload keeps it
 * from being so. One that changes nothing that workers run is programmed at once.
 */
import type { EngineState } from "../engine/engine.ts";
import { partKey } from "../compile/program.ts";
import type { OwnIngress } from "../model/types.ts";
import type { Ingress } from "../source/objects.ts";

export interface ProgrammedIngresses {
  /** What is ours after a turn, once the engine has been told; `changed`: what differs from the turn before. */
  take(ingresses: ReadonlyMap<string, OwnIngress>, changed: ReadonlySet<string>): void;
  /** The engine got further. Gives the Ingresses that are programmed from now on. */
  look(): readonly string[];
  /** The newest version of this Ingress that is programmed; undefined: none. */
  version(key: string): Ingress | undefined;
}

export function trackProgrammed(state: () => EngineState): ProgrammedIngresses {
  let ours: ReadonlyMap<string, OwnIngress> | undefined;
  const done = new Map<string, Ingress>();
  /** Not programmed yet → the generation in which all of it was published; undefined: not all of it is. */
  const pending = new Map<string, number | undefined>();
  return {
    take(ingresses, changed) {
      for (const key of ours ? changed : ingresses.keys()) {
        if (ingresses.has(key)) pending.set(key, undefined);
        else {
          pending.delete(key);
          done.delete(key);
        }
      }
      ours = ingresses;
    },
    look() {
      if (pending.size === 0) return [];
      const { published, programmed, waiting } = state();
      const news: string[] = [];
      for (const [key, generation] of pending) {
        const own = ours?.get(key);
        if (!own || published === 0) continue;
        let complete = generation;
        if (complete === undefined && ![...own.hosts].some((host) => waiting.has(partKey("host", host)))) {
          complete = published;
          pending.set(key, complete);
        }
        if (complete === undefined || programmed < complete) continue;
        pending.delete(key);
        done.set(key, own.ingress);
        news.push(key);
      }
      return news;
    },
    version: (key) => done.get(key),
  };
}
