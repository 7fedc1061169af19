/**
 * Keeps a copy of one collection of the API server: reads it whole, then watches it, for as long as it takes.
 *
 * Guarantees:
 * - the sink gets a whole state (`replace`) or the next change (`put`, `remove`), never a part of a state: what
 *   vanished while nobody watched is missing from the next `replace`;
 * - nothing but the abort of its signal ends it (and, where the options say so, being forbidden at start): every
 *   failure is said in one log line (a right that stays missing: once) and tried again after a back-off; while it lasts
 *   the copy stays as it was;
 * - being forbidden is an answer: those who wait for a read hear of it, and the read is tried again;
 * - a watch goes on from the last version seen, bookmarks included; when that is too old (410), or versions go
 *   backwards (the cluster's store was restored from a backup), the collection is read anew;
 * - no promise of it rejects unhandled.
 * Source: Kubernetes API concepts, "Efficient detection of changes"; client-go's Reflector.
 */
import { createBackoff, inSeconds, pause } from "../../support/backoff.ts";
import type { Backoff } from "../../support/backoff.ts";
import type { Kind } from "../objects.ts";
import { Broken, Refused, Unreachable } from "./failures.ts";
import { failureOf } from "./findings.ts";
import type { Verb } from "./findings.ts";
import { readPages, readVersion } from "./pages.ts";
import type { Collection } from "./resources.ts";
import type { ReflectorContext, Sink } from "./shared.ts";
import { nameOf } from "./trim.ts";
import { isOlder } from "./versions.ts";
import { watch } from "./watch.ts";
import type { WatchEvent } from "./watch.ts";

export interface ReflectorOptions<T> {
  readonly collection: Collection<Kind>;
  readonly sink: Sink<T>;
  /**
   * What a read that is forbidden means for those who wait for it: `answer`: they wait no longer, and it is tried again;
   * `wait`: they wait on; `end`: before anything was read, the collection is given up for as long as this process runs.
   */
  readonly whenForbidden: "answer" | "wait" | "end";
  /** The kind may be missing in the cluster, and come later: then there are no objects of it. Absent: a server that does not know it is in trouble. */
  readonly mayBeAbsent?: boolean;
  /** The account lacks a right. Called at each refusal. */
  forbidden(refusal: Refusal): void;
  /** All is well again. */
  granted(): void;
}

export interface Refusal {
  readonly verb: Verb;
  /** Nothing of the collection was read so far. */
  readonly unread: boolean;
  /** The collection is given up. */
  readonly ended: boolean;
}

/** Ends a watch or a wait because a read was asked for. */
const INTERRUPTED = new Error("a read was asked for");
/** After this many failed watches in a row the collection is read anew, in case our version is the trouble. */
const WATCH_TRIES = 5;
/** Only this many refusals in a row are believed: an API server that has just started refuses everybody for a moment, until it has read its roles. */
const BELIEVED_REFUSALS = 3;

/** A server that has just started does not know all of its kinds for a moment, so what was there is gone only after so many answers. */
const BELIEVED_ABSENCES = 3;

export class Reflector<T> {
  readonly #shared: ReflectorContext;
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  /** Number of reads asked for, and the number up to which they are done. */
  #asked = 0;
  #served = 0;
  readonly #waiting: { readonly ticket: number; readonly resolve: (read: boolean) => void }[] = [];
  #version = "";
  #verb: Verb = "list";
  /** Failed watches since the last event. */
  #failures = 0;
  /** Forbidden reads since the last one that was granted. */
  #refusals = 0;
  /** Answers in a row that the kind does not exist. */
  #absences = 0;
  /** The server could not be reached since the last read or watch. */
  #wasAway = false;
  /** The server failed while it streamed an initial state: the next read takes pages. */
  #avoidStream = false;
  /** Set during a watch or a wait that `reread` may interrupt. */
  #interrupt: AbortController | undefined;
  /** Gives back the slot of the running read. */
  #free = (): void => {};
  #ended = false;
  /** What `reread` gives, for the first read. */
  readonly firstRead: Promise<boolean>;

  constructor(shared: ReflectorContext, options: ReflectorOptions<T>) {
    this.#shared = shared;
    this.#options = options;
    this.#backoff = createBackoff(shared.timing.backoffBase, shared.timing.backoffCap);
    this.firstRead = this.reread();
  }

  /**
   * Reads the whole collection anew. Resolves with true when a read that began after this call is in the sink; with false
   * when the read is forbidden (see `whenForbidden`) or the reflector has ended.
   */
  reread(): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    const ticket = ++this.#asked;
    this.#interrupt?.abort(INTERRUPTED);
    return new Promise((resolve) => this.#waiting.push({ ticket, resolve }));
  }

  /** Runs until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#ended) {
      try {
        if (this.#asked > this.#served) await this.#read(signal);
        else await this.#follow(signal);
      } catch (error) {
        this.#free();
        if (!signal.aborted && error !== INTERRUPTED) await this.#recover(error, signal);
      }
      this.#interrupt = undefined;
    }
    this.#ended = true;
    this.#release();
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#free = await this.#shared.reads.take();
    const ticket = this.#asked;
    const { collection, sink } = this.#options;
    const { connection, streams } = this.#shared;
    sink.begin();
    if (streams && !this.#avoidStream && !sink.keepsNothing()) return this.#stream(ticket, signal);
    this.#verb = "list";
    if (sink.keepsNothing()) return this.#replace(ticket, [], await readVersion(connection, collection, signal));
    const { objects, version } = await readPages(connection, collection, (raw) => sink.take(raw), signal);
    this.#replace(ticket, objects, version);
  }

  /** Reads the initial state from a watch, then goes on with the same watch. */
  async #stream(ticket: number, signal: AbortSignal): Promise<void> {
    this.#verb = "watch";
    const initial = new Map<string, T>();
    let complete = false;
    for await (const events of this.#watch(undefined, signal, false)) {
      for (const event of events) {
        if (complete) this.#apply(event);
        else if (event.type !== "bookmark") this.#collect(initial, event);
        else if (event.initialEnd) {
          complete = true;
          this.#replace(ticket, [...initial.values()], event.version);
          // The watch may live for long, and must not keep objects alive, least of all Secrets.
          initial.clear();
          if (this.#asked > this.#served) return;
        }
      }
    }
    if (!complete) throw new Broken("the stream ended before its initial state was complete");
  }

  #collect(initial: Map<string, T>, { type, raw }: Exclude<WatchEvent, { type: "bookmark" }>): void {
    const place = nameOf(raw);
    if (!place) return;
    const key = `${place.namespace}/${place.name}`;
    const object = type === "put" ? this.#options.sink.take(raw) : undefined;
    if (object === undefined) initial.delete(key);
    else initial.set(key, object);
  }

  #replace(ticket: number, objects: readonly T[], version: string): void {
    this.#options.sink.replace(objects, version);
    this.#shared.counts.reads++;
    this.#free();
    this.#version = version;
    this.#avoidStream = false;
    this.#wasAway = false;
    if (this.#failures === 0) this.#backoff.reset();
    this.#refusals = 0;
    this.#absences = 0;
    this.#options.granted();
    this.#serve(ticket);
  }

  /** Watches from the last version until the server ends the watch, which it does after some minutes. */
  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#wasAway) await this.#askAfterOutage(signal);
    if (this.#asked > this.#served) return;
    this.#verb = "watch";
    this.#shared.counts.watches++;
    const began = performance.now();
    let quiet = true;
    for await (const events of this.#watch(this.#version, signal, true)) {
      for (const event of events) this.#apply(event);
      quiet = false;
    }
    if (quiet && performance.now() - began < this.#shared.timing.shortWatch) throw new Broken("the watch ended at once");
    this.#progress();
  }

  /**
   * After an outage the cluster's store may be an older one (a restored backup). A watch from our version would not
   * show it, so the version is asked for.
   */
  async #askAfterOutage(signal: AbortSignal): Promise<void> {
    this.#verb = "list";
    const { connection, log } = this.#shared;
    const { collection } = this.#options;
    const version = await readVersion(connection, collection, signal);
    this.#wasAway = false;
    if (!isOlder(version, this.#version)) return;
    log("warn", `${collection.resource.name}: the cluster's store went back in time; reading all of them anew`);
    this.#readAnew();
  }

  /** Asks for a read, because no watch can go on from the version that we have. */
  #readAnew(): void {
    this.#shared.counts.rereads++;
    this.#asked++;
  }

  async *#watch(after: string | undefined, signal: AbortSignal, interruptible: boolean): AsyncGenerator<WatchEvent[]> {
    const interrupt = new AbortController();
    const { connection, timing } = this.#shared;
    const start = after === undefined ? {} : { after };
    if (interruptible) this.#interrupt = interrupt;
    const either = AbortSignal.any([signal, interrupt.signal]);
    for await (const events of watch(connection, this.#options.collection, start, timing, either)) {
      yield events;
      // An initial state is not interrupted; once it is complete, its watch is like any other.
      if (this.#asked === this.#served) this.#interrupt = interrupt;
      else if (this.#interrupt === interrupt) throw INTERRUPTED;
    }
  }

  #apply(event: WatchEvent): void {
    if (isOlder(event.version, this.#version)) {
      this.#readAnew();
      throw new Broken(`version ${event.version} after ${this.#version}: the cluster's store went back in time`);
    }
    if (event.type === "put") this.#options.sink.put(event.raw, event.version);
    else if (event.type === "remove") this.#options.sink.remove(event.raw, event.version);
    this.#version = event.version;
    this.#progress();
  }

  #progress(): void {
    if (this.#failures > 0) this.#options.granted();
    this.#failures = 0;
    this.#backoff.reset();
  }

  #serve(ticket: number): void {
    this.#served = Math.max(this.#served, ticket);
    const due = this.#waiting.filter((waiter) => waiter.ticket <= ticket);
    this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((waiter) => waiter.ticket > ticket));
    for (const { resolve } of due) resolve(true);
  }

  /** Ends the wait of all who wait for a read, although nothing was read. */
  #release(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
  }

  /** Decides what a failure means, says it, and waits. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof Unreachable) {
      this.#wasAway = true;
      return this.#shared.outage.failed(error.message);
    }
    const status = error instanceof Refused ? error.status : undefined;
    const reading = this.#asked > this.#served;
    if (status === 404 && this.#options.mayBeAbsent === true) return this.#lookAgain(signal);
    if (reading && this.#verb === "watch" && this.#fallBack(status)) return;
    if (status === 403 && this.#refused(error, reading)) return;
    this.#shared.failed(failureOf(this.#options.collection, this.#verb, error));
    if (!reading) {
      this.#failures++;
      this.#shared.counts.brokenWatches++;
    }
    const gone = status === 410;
    if (!reading && (gone || this.#failures % WATCH_TRIES === 0)) this.#readAnew();

    const asked = error instanceof Refused ? (error.retryAfter ?? 0) : 0;
    const wait = asked + this.#backoff.next();
    this.#say(this.#levelOf(status, error), error, `${gone ? "reading all of them anew" : "trying again"} in ${inSeconds(wait)}`);
    this.#interrupt = new AbortController();
    await pause(wait, AbortSignal.any([signal, this.#interrupt.signal]));
  }

  /** The kind is not there: it is looked for now and then, and nobody waits for it. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    this.#absences++;
    if (this.#version === "" || this.#absences >= BELIEVED_ABSENCES) {
      this.#options.sink.replace([], "");
      this.#version = "";
      this.#serve(this.#asked);
    }
    this.#interrupt = new AbortController();
    await pause(this.#shared.timing.backoffCap, AbortSignal.any([signal, this.#interrupt.signal]));
    this.#asked = Math.max(this.#asked, this.#served + 1);
  }

  /** True: the initial state cannot be streamed, so that it is to be read in pages at once. */
  #fallBack(status: number | undefined): boolean {
    if (status === 401 || status === 429) return false;
    // An account that may not watch may be allowed to list. Any other client error says that this server cannot stream; other failures may pass.
    if (status !== undefined && status !== 403 && status >= 400 && status < 500) this.#shared.streams = false;
    else this.#avoidStream = true;
    this.#shared.log("debug", `${this.#options.collection.resource.name}: cannot be streamed, reading pages`);
    return true;
  }

  /** Tells of a refusal. True: the collection is given up. */
  #refused(error: unknown, reading: boolean): boolean {
    const { whenForbidden, forbidden } = this.#options;
    if (reading) this.#refusals++;
    const believed = this.#refusals >= BELIEVED_REFUSALS;
    const unread = this.#served === 0;
    this.#ended = whenForbidden === "end" && believed && unread;
    forbidden({ verb: this.#verb, unread, ended: this.#ended });
    if (this.#ended) this.#say("warn", error, "going on without them until the next start");
    else if (believed && whenForbidden === "answer") this.#release();
    return this.#ended;
  }

  /** A watch that ends early or is too old is normal, unless that happens again and again. A right that is still missing is in the findings. */
  #levelOf(status: number | undefined, error: unknown): "debug" | "info" | "warn" {
    if (status === 403 && (this.#refusals > 1 || this.#failures > 1)) return "debug";
    return (status === 410 || error instanceof Broken) && this.#failures < 3 ? "info" : "warn";
  }

  #say(level: "debug" | "info" | "warn", error: unknown, next: string): void {
    const { collection } = this.#options;
    const status = error instanceof Refused ? { status: error.status } : {};
    const fields = { resource: collection.resource.name, verb: this.#verb, ...status };
    this.#shared.log(level, `${failureOf(collection, this.#verb, error)}; ${next}`, fields);
  }
}
