/** Waits of single Ingresses whose own writes fail: each has a back-off of its own, so that it keeps no other waiting. */
import { createBackoff, pause, type Backoff } from "../../support/backoff.ts";

export interface OwnWaits {
  /** Gives, after a while or when `signal` aborts, whether the Ingress is still waited for. */
  pass(key: string, signal: AbortSignal): Promise<boolean>;
  /** Its next wait is a first one. */
  forget(key: string): void;
  clear(): void;
}

export function createOwnWaits(baseMs: number, capMs: number): OwnWaits {
  const backoffs = new Map<string, Backoff>();
  return {
    async pass(key, signal) {
      const own = backoffs.get(key) ?? createBackoff(baseMs, capMs);
      backoffs.set(key, own);
      await pause(own.next(), signal);
      return backoffs.get(key) === own;
    },
    forget: (key) => void backoffs.delete(key),
    clear: () => backoffs.clear(),
  };
}
