/**
 * Which objects that are ours every worker of this replica serves, and in which version.
 *
 * Guarantee: a version of an object counts as programmed when all that it means has been acknowledged by every worker and
 * the agent; only acknowledgements decide, never a time. It is not programmed while one of its hosts waits for a reload,
 * nor while Secrets that it newly refers to are being read. Secrets are waited for two seconds at most, because one that
 * cannot be read is a finding and no reason to wait. A version that changes nothing for workers is programmed at once.
 */
import { isDeepStrictEqual } from "node:util";
import type { EngineState } from "../engine/engine.ts";
import { partKey } from "../compile/program.ts";
import type { HostKey } from "../model/shapes/host-key.ts";
import type { OwnObject } from "../model/model.ts";

/** An object of which something is served. */
export interface ServedObject {
  readonly object: object;
  /** Hosts that it takes part in. */
  readonly hosts: readonly HostKey[];
  /** It asks for what nginx's own configuration says as well, such as ports. */
  readonly listens?: boolean;
}

/** Objects are named by `objectKey`. */
export interface ProgrammedObjects<O extends ServedObject = OwnObject> {
  /**
   * Takes the objects that are ours after a turn, once the engine has been told. `changed`: those that differ from the
   * turn before; `wanted` resolves when the objects that they refer to have been read.
   */
  take(own: ReadonlyMap<string, O>, changed: ReadonlySet<string>, wanted: Promise<void>): void;
  /** The engine got further. */
  look(): void;
  /** The newest version of this object that is programmed; undefined: none. */
  version(key: string): O["object"] | undefined;
  /** What keeps this object's newest version from being programmed; undefined: nothing. */
  obstacle(key: string): string | undefined;
  /** Calls `told` with the objects that were just programmed, until the caller calls the result. */
  listen(told: (keys: readonly string[]) => void): () => void;
}

/** What the objects of one turn wait for. */
interface Turn {
  /** Everything that the objects of the turn refer to has been read. */
  read: boolean;
}

interface Pending {
  readonly turn: Turn;
  /** The generation by which all of the Ingress was published; undefined: not all of it is, as far as was seen. */
  readonly generation: number | undefined;
  /** Number of the Program that has to be served; 0: none has. */
  readonly number: number;
}

const READING_MS = 2000;

/**
 * @param same whether a version asks for what the one before asked for, so that it is programmed if that one is
 * @param underWay undefined: no turn of the controller is under way; otherwise it resolves when this one has ended.
 */
export function trackProgrammed<O extends ServedObject = OwnObject>(state: () => EngineState, underWay: () => Promise<void> | undefined = () => undefined, same: (before: O["object"], now: O["object"]) => boolean = () => false): ProgrammedObjects<O> {
  let ours: ReadonlyMap<string, O> | undefined;
  const done = new Map<string, O["object"]>();
  const pending = new Map<string, Pending>();
  const listeners = new Set<(keys: readonly string[]) => void>();

  const look = (): void => {
    if (pending.size === 0) return;
    const { published, programmed, served, waiting } = state();
    if (published === 0) return;
    const news: string[] = [];
    for (const [key, { turn, generation, number }] of pending) {
      const own = ours?.get(key);
      if (!own || !turn.read) continue;
      const complete = generation ?? (isWaiting(own, waiting) ? undefined : published);
      if (complete === undefined) continue;
      if (programmed < complete || served < number) {
        if (generation === undefined) pending.set(key, { turn, generation: complete, number });
        continue;
      }
      pending.delete(key);
      done.set(key, own.object);
      news.push(key);
    }
    if (news.length > 0) for (const tell of [...listeners]) tell(news);
  };

  return {
    look,
    take(now, changed, wanted) {
      const turn: Turn = { read: false };
      const keys = ours ? changed : now.keys();
      let some = false;
      for (const key of keys) {
        some = true;
        const own = now.get(key);
        const before = done.get(key);
        const known = ours?.get(key);
        if (own && before && known && !pending.has(key) && same(before, own.object) && isDeepStrictEqual(known.hosts, own.hosts)) done.set(key, own.object);
        else if (own) pending.set(key, { turn, generation: undefined, number: own.listens === true ? state().applied : 0 });
        else {
          pending.delete(key);
          done.delete(key);
        }
      }
      ours = now;
      if (some) void readWithin(wanted, underWay).then(() => {
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

function isWaiting({ hosts }: ServedObject, waiting: EngineState["waiting"]): boolean {
  return waiting.size > 0 && hosts.some((host) => waiting.has(partKey("host", host)));
}

/** Resolves when the controller has taken in what `wanted` brings, or after a bounded time. */
async function readWithin(wanted: Promise<void>, underWay: () => Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, READING_MS);
  });
  const takenIn = async (): Promise<void> => {
    await wanted.catch(() => {});
    // The source tells of what it has read in the next turn of the event loop, and the controller begins to take it in.
    await new Promise((resolve) => setImmediate(resolve));
    await underWay()?.catch(() => {});
  };
  await Promise.race([takenIn(), late]);
  clearTimeout(timer);
}
