/**
 * Which Ingresses every worker of this replica serves, and in which version.
 *
 * Guarantee: an Ingress counts as programmed when all that its version means has been acknowledged by every worker and
 * the agent: it is compared with acknowledgements, never with a time. A host of it that waits for a reload keeps it
 * from being so, and so do Secrets that it newly refers to and that are being read; these for two seconds at most,
 * because one that cannot be read is a finding and no reason to wait. What changes nothing for workers is programmed at once.
 */
import type { EngineState } from "../engine/engine.ts";
import { partKey } from "../compile/program.ts";
import type { OwnIngress } from "../model/model.ts";
import type { Ingress } from "../source/objects.ts";

export interface ProgrammedIngresses {
  /**
   * What is ours after a turn, once the engine has been told; `changed`: what differs from the turn before; `wanted`
   * resolves when the objects that it refers to have been read.
   */
  take(ingresses: ReadonlyMap<string, OwnIngress>, changed: ReadonlySet<string>, wanted: Promise<void>): void;
  /** The engine got further. */
  look(): void;
  /** The newest version of this Ingress that is programmed; undefined: none. */
  version(key: string): Ingress | undefined;
  /** What keeps its newest version from being programmed; undefined: nothing. */
  obstacle(key: string): string | undefined;
  /** `told` is called with the Ingresses that came to be programmed, until the result is called. */
  listen(told: (keys: readonly string[]) => void): () => void;
}

/** What the Ingresses of one turn wait for. */
interface Turn {
  /** Everything that it refers to has been read. */
  read: boolean;
}

interface Pending {
  readonly turn: Turn;
  /** In which all of it was published; undefined: not all of it is. */
  readonly generation: number | undefined;
}

const READING_MS = 2000;

export function trackProgrammed(state: () => EngineState): ProgrammedIngresses {
  let ours: ReadonlyMap<string, OwnIngress> | undefined;
  const done = new Map<string, Ingress>();
  const pending = new Map<string, Pending>();
  const listeners = new Set<(keys: readonly string[]) => void>();

  const look = (): void => {
    if (pending.size === 0) return;
    const { published, programmed, waiting } = state();
    if (published === 0) return;
    const news: string[] = [];
    for (const [key, { turn, generation }] of pending) {
      const own = ours?.get(key);
      if (!own || !turn.read) continue;
      const complete = generation ?? (isWaiting(own, waiting) ? undefined : published);
      if (complete === undefined) continue;
      if (programmed < complete) {
        if (generation === undefined) pending.set(key, { turn, generation: complete });
        continue;
      }
      pending.delete(key);
      done.set(key, own.ingress);
      news.push(key);
    }
    if (news.length > 0) for (const tell of [...listeners]) tell(news);
  };

  return {
    look,
    take(ingresses, changed, wanted) {
      const turn: Turn = { read: false };
      const keys = ours ? changed : ingresses.keys();
      let some = false;
      for (const key of keys) {
        some = true;
        if (ingresses.has(key)) pending.set(key, { turn, generation: undefined });
        else {
          pending.delete(key);
          done.delete(key);
        }
      }
      ours = ingresses;
      if (some) void readWithin(wanted).then(() => {
        turn.read = true;
        look();
      });
    },
    version: (key) => done.get(key),
    obstacle(key) {
      const waits = pending.get(key);
      const own = ours?.get(key);
      if (!waits || !own) return undefined;
      const { published, waiting, behind, refused } = state();
      if (!waits.turn.read) return "Secrets that it refers to are being read";
      if (published === 0) return "nginx is being started";
      if (isWaiting(own, waiting)) return refused === undefined ? "nginx is to be reloaded first" : `nginx refuses its new configuration: ${refused}`;
      return behind.length > 0 ? `not acknowledged by ${behind.join(", ")}` : "it is on its way to the workers";
    },
    listen(told) {
      listeners.add(told);
      return () => void listeners.delete(told);
    },
  };
}

function isWaiting({ hosts }: OwnIngress, waiting: EngineState["waiting"]): boolean {
  return waiting.size > 0 && hosts.some((host) => waiting.has(partKey("host", host)));
}

/** What was read is in the turn of the event loop that comes next. */
async function readWithin(wanted: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, READING_MS);
  });
  await Promise.race([wanted.catch(() => {}), late]);
  clearTimeout(timer);
  await new Promise((resolve) => setImmediate(resolve));
}
