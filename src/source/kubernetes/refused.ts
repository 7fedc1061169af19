/**
 * Objects that our account may not read, and that somebody refers to: they are asked for again.
 *
 * Guarantee: however many tenants refer to, only a few are asked for at a time; as soon as one of them is granted, all
 * are asked for.
 */
import { pause } from "../../support/backoff.ts";
import type { Key } from "../snapshot.ts";

export interface RefusedKeys {
  /** This object was refused, again or for the first time. */
  add(key: Key): void;
  delete(key: Key): void;
  clear(): void;
}

/** @param read asks for one object, and calls `add` before it resolves if the object was refused. @param wait milliseconds between rounds. */
export function askAgain(read: (key: Key) => Promise<void>, atOnce: number, wait: number, signal: AbortSignal): RefusedKeys {
  /** The one that was tried longest ago comes first. */
  const keys = new Set<Key>();
  let asking = false;
  const rounds = async (): Promise<void> => {
    for (asking = true; keys.size > 0; ) {
      await pause(wait, signal);
      if (signal.aborted) break;
      const few = [...keys].slice(0, atOnce);
      await Promise.all(few.map(read));
      if (few.some((key) => !keys.has(key))) await Promise.all([...keys].map(read));
    }
    asking = false;
  };
  return {
    add(key) {
      keys.delete(key);
      keys.add(key);
      if (!asking) void rounds();
    },
    delete: (key) => void keys.delete(key),
    clear: () => keys.clear(),
  };
}
