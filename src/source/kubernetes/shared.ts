/** What the parts of the Kubernetes source hand to each other. */
import type { Log } from "../../support/log.ts";
import type { Outage } from "./outage.ts";
import type { Slots } from "./slots.ts";
import type { Timing } from "./timing.ts";
import type { Connection } from "./transport.ts";

/** Where the objects go. All calls are synchronous and come one after the other. */
export interface Sink<T> {
  /** A read of the whole collection begins. */
  begin(): void;
  /** True: nothing of the collection would be kept, so that only its version need be read. */
  keepsNothing(): boolean;
  /** Cuts one object of a read down, or drops it. */
  take(raw: unknown): T | undefined;
  /** The whole collection as of `version`. */
  replace(objects: readonly T[], version: string): void;
  put(raw: unknown, version: string): void;
  remove(raw: unknown, version: string): void;
}

/** Counted up by all reflectors of a source. */
export interface ReadCounts {
  reads: number;
  rereads: number;
  watches: number;
  brokenWatches: number;
}

/** What the reflectors of one source have in common. */
export interface ReflectorContext {
  readonly connection: Connection;
  readonly outage: Outage;
  readonly log: Log;
  /** Called with the reason of a failure, when the server did answer. */
  readonly failed: (reason: string) => void;
  readonly timing: Timing;
  readonly counts: ReadCounts;
  /** A read takes a slot: reads of all kinds at once would hold many pages in memory, and a server that just came back is busy. */
  readonly reads: Slots;
  /** Turned off for good by the first server that refuses to stream a collection's initial state. */
  streams: boolean;
}
