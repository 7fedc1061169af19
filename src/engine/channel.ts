/**
 * The channel: a unix socket on which the workers and the agent follow the ledger.
 *
 * Guarantees: every subscriber gets the generations in order, each ending with a commit; `programmed` is the newest
 * generation that every slot of the running nginx, every other worker that still accepts, and the agent have
 * acknowledged. A worker of an older configuration gets endpoints only: it may lack the profiles of newer routes.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Frame } from "../../edge/src/program.ts";
import type { RouteQuestion } from "../../edge/src/question.ts";
import { frameLine, type Part, type PartKey } from "../compile/program.ts";
import { Farewell } from "./farewell.ts";
import { Inquiries } from "./inquiries.ts";
import type { Ledger } from "./ledger.ts";
import { heard } from "./hearing.ts";
import { lineReader } from "./lines.ts";
import { AGENT_TOKEN } from "./locks.ts";
import { MOST_UNREAD, Outbox } from "./outbox.ts";
import { NO_ENGINE } from "./protocol.ts";
import { TICK_MS, Watchdog, type Watched } from "./watchdog.ts";
import type { AgentHello, AgentOrder, EngineStatus, FromSubscriber, WorkerHello, WorkerReply } from "./protocol.ts";


/** Bytes of one line that a subscriber may say: the counters of every route, with room. */
const LONGEST_LINE = 16 * 1024 * 1024;

interface Subscriber {
  readonly socket: Socket;
  readonly outbox: Outbox;
  hello: WorkerHello | AgentHello | undefined;
  /** The subscriber was caught up, and gets every generation from now on. */
  following: boolean;
  /** The subscriber was sent endpoints only: its acknowledgement says nothing about other parts. */
  partial: boolean;
  /** It is to be sent everything, once it has what is on its way. */
  anew: boolean;
  /** Commits that the subscriber has not answered, and how many of them followed endpoints only. Each is answered once, in order. */
  unanswered: number;
  partialUnanswered: number;
  /** A worker that accepts no new connections. */
  exiting: boolean;
  acknowledged: number;
  /** For the watchdog; undefined: the agent, or a worker of an earlier version that sends no beats. */
  watched: Watched | undefined;
}

export interface ChannelEvents {
  /** An agent said hello. */
  agent(hello: AgentHello): void;
  /** Anything about acknowledgements or subscribers changed. */
  progress(): void;
  message(message: FromSubscriber): void;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields?: Record<string, unknown>): void;
}

/** What was sent since the start; all numbers only ever grow. */
export interface SentCounts {
  /** Generations that were published. */
  readonly deltas: number;
  /** Frames, commits included, over all subscribers. */
  readonly frames: number;
  readonly bytes: number;
  /** Subscribers that were brought up to date from another generation than the last. */
  readonly catchUps: number;
  /** Workers that were ended because they did not answer. */
  readonly workersEnded: number;
}

export interface Progress {
  /** The newest generation that everybody who has to acknowledge it has acknowledged. */
  readonly programmed: number;
  /** Workers of the running nginx that are connected. */
  readonly workers: number;
  /** Slots that have not connected or not acknowledged the newest generation. */
  readonly behind: readonly string[];
}

export class Channel {
  readonly #ledger: Ledger;
  readonly #events: ChannelEvents;
  readonly #subscribers = new Set<Subscriber>();
  readonly #server: Server;
  readonly #token = randomBytes(32).toString("hex");
  #agent: Subscriber | undefined;
  #status: EngineStatus = NO_ENGINE;
  /** Digest of the configuration that nginx is about to run: workers that run it do not count as old. */
  #expected = "";

  readonly #watchdog: Watchdog;
  readonly #farewell = new Farewell<Subscriber>();
  /** Until then, by the clock of `performance`, workers note every request. */
  #watchUntil = 0;
  readonly #inquiries = new Inquiries<Subscriber>();
  #ticks: NodeJS.Timeout | undefined;

  readonly #sent = { deltas: 0, frames: 0, bytes: 0, catchUps: 0 };

  constructor(ledger: Ledger, events: ChannelEvents) {
    this.#ledger = ledger;
    this.#events = events;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#watchdog = new Watchdog({
      workers: () => [...this.#subscribers].flatMap(({ watched }) => watched ?? []),
      end: ({ pid, cpu }) => this.order({ op: "end", pid, cpu }),
      changed: () => events.progress(),
    });
  }

  /** Listens on `path` (replacing a socket left behind), open only to this user and to `owner`, the workers' account. */
  async listen(path: string, owner: { uid: number; gid: number } | undefined): Promise<void> {
    writeFileSync(join(dirname(path), AGENT_TOKEN), this.#token, { mode: 0o600 });
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    if (owner) chownSync(path, owner.uid, owner.gid);
    this.#ticks = setInterval(() => this.#watchdog.tick(), TICK_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#ticks);
    for (const { socket } of this.#subscribers) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Takes note of the nginx that runs now: it decides who gets what, and who has to acknowledge. */
  running(status: EngineStatus): void {
    this.#status = status;
    this.#completePartial();
  }

  /** nginx was told to run this configuration. Its workers may say hello before the agent says that it runs. */
  expect(config: string): void {
    this.#expected = config;
    this.#completePartial();
  }

  /** Sends everything to workers that got endpoints only, but run what nginx runs or is about to run. */
  #completePartial(): void {
    for (const subscriber of this.#subscribers) {
      if (!subscriber.partial || this.#isOld(subscriber)) continue;
      subscriber.acknowledged = 0;
      subscriber.partialUnanswered = subscriber.unanswered;
      this.#sayEverything(subscriber);
    }
  }

  /** Publishes the next generation to everybody. */
  publish(changes: ReadonlyMap<PartKey, Part | undefined>): void {
    this.#ledger.publish(changes);
    this.#sent.deltas++;
    for (const subscriber of this.#subscribers) {
      if (!subscriber.following) this.#catchUp(subscriber);
      else if (!subscriber.outbox.isDelivering) this.#continue(subscriber, this.#ledger.generation - 1);
    }
  }

  /** Whether workers of an earlier configuration still finish their requests. */
  get draining(): boolean {
    return [...this.#subscribers].some(({ hello }) => hello?.role === "worker" && !this.#isCurrent(hello));
  }

  /** Lets workers tell their clients to close connections. */
  retire(seconds: number): void {
    this.#sayAtOnce({ op: "retire", seconds });
  }

  /** Like `retire`, ahead of a reload: the agent is told as soon as no client is connected. `slots`: how many workers there should be. */
  sayFarewell(seconds: number, farewell: number, slots: number): void {
    const workers = [...this.#subscribers].filter(({ hello, exiting }) => hello?.role === "worker" && !exiting);
    const slotsThere = new Set(workers.flatMap(({ hello, following }) => (hello?.role === "worker" && following && this.#isCurrent(hello) ? [hello.slot] : [])));
    this.#farewell.begin(farewell, slotsThere.size === slots ? workers : []);
    this.#sayAtOnce({ op: "retire", seconds, farewell });
  }

  /** Lets workers say, for so many seconds, what becomes of every request. */
  watch(seconds: number): void {
    this.#watchUntil = performance.now() + seconds * 1000;
    this.#sayAtOnce({ op: "watch", seconds });
  }

  /** Asks every worker that follows where its tables lead a request. Gives the replies that come within `limit` milliseconds. */
  ask(question: Omit<RouteQuestion, "id">, limit: number): Promise<readonly WorkerReply[]> {
    const workers = [...this.#subscribers].filter(({ hello, following }) => hello?.role === "worker" && following);
    const { id, replies } = this.#inquiries.begin(workers, limit);
    // Texts are bytes in latin-1, as in the edge's tables.
    for (const { outbox } of workers) outbox.say(JSON.stringify({ op: "ask", question: { ...question, id } } satisfies Frame), "latin1");
    return replies;
  }

  /** Sends a frame that is not staged. */
  #sayAtOnce(frame: Frame): void {
    for (const { outbox, following, hello } of this.#subscribers) if (following && hello?.role === "worker") outbox.say(frameLine(frame));
  }

  get counts(): SentCounts {
    return { ...this.#sent, workersEnded: this.#watchdog.replaced };
  }

  /** Workers whose event loop has not turned for ten seconds. */
  get silent(): readonly string[] {
    return this.#watchdog.silent.map(({ slot, pid }) => `worker ${slot} (pid ${pid})`);
  }

  /** Sends an order to the agent. False: no agent is connected. */
  order(order: AgentOrder): boolean {
    this.#agent?.outbox.say(JSON.stringify(order));
    return this.#agent !== undefined;
  }

  /** How far the `slots` workers of the running nginx, workers of other nginx that still accept, and the agent are. */
  progress(slots: number): Progress {
    const bySlot = new Map<number, Subscriber>();
    const generation = this.#ledger.generation;
    let programmed = this.#agent?.acknowledged ?? 0;
    const behind: string[] = this.#agent ? [] : ["agent (not connected)"];
    for (const one of this.#subscribers) {
      if (one.hello?.role !== "worker") continue;
      // A worker that exits may be from an earlier load of the same configuration.
      if (this.#isCurrent(one.hello) && !one.exiting) bySlot.set(one.hello.slot, one);
      else if (!one.exiting && (this.#isOld(one) || one.acknowledged < generation)) {
        behind.push(`worker ${one.hello.slot} of an earlier nginx (pid ${one.hello.pid})`);
        programmed = this.#isOld(one) ? Math.min(programmed, generation - 1) : Math.min(programmed, one.acknowledged);
      }
    }
    for (let slot = 0; slot < slots; slot++) {
      const acknowledged = bySlot.get(slot)?.acknowledged ?? 0;
      programmed = Math.min(programmed, acknowledged);
      if (acknowledged < generation) {
        behind.push(`worker ${slot} (${bySlot.has(slot) ? `at generation ${acknowledged}` : "not connected"})`);
      }
    }
    return { programmed, workers: bySlot.size, behind };
  }

  #isCurrent(hello: WorkerHello): boolean {
    return hello.master === this.#status.master && hello.config === this.#status.config;
  }

  #isOld({ hello }: Subscriber): boolean {
    return hello?.role === "worker" && hello.config !== this.#status.config && hello.config !== this.#expected && this.#status.master !== 0;
  }

  #accept(socket: Socket): void {
    const subscriber: Subscriber = {
      socket, outbox: new Outbox(socket, this.#sent), hello: undefined, following: false, partial: false, anew: false, unanswered: 0, partialUnanswered: 0, exiting: false, acknowledged: 0, watched: undefined,
    };
    this.#subscribers.add(subscriber);
    const cutOff = (why: string): void => {
      this.#events.log("warn", `a subscriber of the channel ${why}; its connection is closed`);
      socket.destroy();
    };
    const hear = (line: string): void => {
      const message = heard(line, subscriber.hello?.role);
      if (message) this.#hear(subscriber, message);
      else cutOff("said something that it may not say");
    };
    socket.on("data", lineReader(hear, { longest: LONGEST_LINE, exceeded: () => cutOff("said more than it may") }));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#subscribers.delete(subscriber);
      this.#inquiries.gone(subscriber);
      this.#farewell.cancel();
      if (this.#agent === subscriber) this.#agent = undefined;
      this.#events.progress();
    });
  }

  #hear(subscriber: Subscriber, message: FromSubscriber): void {
    if (subscriber.watched) subscriber.watched.silent = 0;
    if (message.op === "beat") {
      if (subscriber.watched) subscriber.watched.cpu = message.cpu;
    } else if (message.op === "ended") this.#watchdog.answered(message.pid, message.ended);
    else if (message.op === "hello") {
      if (message.role === "agent" && !this.#knows(message.token)) subscriber.socket.destroy();
      else this.#welcome(subscriber, message);
    } else if (message.op === "ack") {
      this.#acknowledged(subscriber, message.generation);
    } else if (message.op === "anew") {
      this.#sayEverything(subscriber);
    } else if (message.op === "retired") {
      if (this.#farewell.heard(message.farewell, subscriber, message.connections)) this.order({ op: "nobody-connected", farewell: message.farewell });
    } else if (message.op === "replied") {
      if (subscriber.hello?.role === "worker") this.#inquiries.heard(subscriber, { slot: subscriber.hello.slot, pid: subscriber.hello.pid, ...message.reply });
    } else if (message.op === "exiting") {
      subscriber.exiting = true;
      this.#events.progress();
    } else if (message.op === "done") {
      subscriber.socket.end();
    } else if (message.op !== "connections" || (subscriber.hello?.role === "worker" && subscriber.hello.master === this.#status.master)) {
      // Not from workers of a master that died: they count connections in memory of their own.
      this.#events.message(message);
    }
  }

  #acknowledged(subscriber: Subscriber, generation: number): void {
    subscriber.unanswered--;
    if (subscriber.partialUnanswered > 0) subscriber.partialUnanswered--;
    else subscriber.acknowledged = Math.min(generation, this.#ledger.generation);
    this.#events.progress();
  }

  #knows(token: unknown): boolean {
    const said = Buffer.from(String(token));
    return said.length === this.#token.length && timingSafeEqual(said, Buffer.from(this.#token));
  }

  /** Before the first generation there is nothing to say: the subscriber is caught up with the first `publish`. */
  #welcome(subscriber: Subscriber, hello: WorkerHello | AgentHello): void {
    subscriber.hello = hello;
    this.#farewell.cancel();
    if (this.#ledger.generation > 0) this.#catchUp(subscriber);
    if (hello.role === "agent") {
      this.#agent = subscriber;
      this.#events.agent(hello);
    } else {
      if (hello.cpu !== undefined) subscriber.watched = { slot: hello.slot, pid: hello.pid, cpu: hello.cpu, silent: 0 };
      this.#passOn(hello);
    }
    this.#events.progress();
  }

  /** Tells the agent that a worker runs another configuration than the agent knows of: that proves that nginx has loaded it. */
  #passOn({ master, config, pid }: WorkerHello): void {
    if (master === this.#status.master && config !== this.#status.config) this.order({ op: "runs", config, pid });
  }

  /** @param digest that of the Program that the subscriber holds; "": it is sent everything. */
  #catchUp(subscriber: Subscriber, digest = subscriber.hello?.digest ?? ""): void {
    if (!subscriber.hello) return;
    subscriber.following = true;
    const watched = Math.ceil((this.#watchUntil - performance.now()) / 1000);
    if (watched > 0 && subscriber.hello.role === "worker") subscriber.outbox.say(frameLine({ op: "watch", seconds: watched }));
    subscriber.partial = this.#isOld(subscriber);
    this.#sent.catchUps++;
    this.#deliver(subscriber, subscriber.partial ? this.#ledger.poolsSince(0) : this.#ledger.catchUp(digest));
  }

  /** Sends everything, after what is on its way. */
  #sayEverything(subscriber: Subscriber): void {
    if (subscriber.outbox.isDelivering) subscriber.anew = true;
    else this.#catchUp(subscriber, "");
  }

  /** Sends what changed since a generation, which the subscriber has been sent. */
  #continue(subscriber: Subscriber, generation: number): void {
    if (generation === this.#ledger.generation) return;
    subscriber.partial ||= this.#isOld(subscriber);
    this.#deliver(subscriber, subscriber.partial ? this.#ledger.poolsSince(generation) : this.#ledger.since(generation));
  }

  /**
   * Sends frames that end with a commit. Generations that are published meanwhile follow as one. A subscriber that does not
   * read (a stopped process) is cut off, before what waits for it grows without bound; it is caught up when it comes back.
   */
  #deliver(subscriber: Subscriber, frames: Iterable<string>): void {
    if (subscriber.socket.writableLength > MOST_UNREAD) return void subscriber.socket.destroy();
    const { generation } = this.#ledger;
    subscriber.unanswered++;
    subscriber.outbox.deliver(frames, () => {
      const { anew } = subscriber;
      subscriber.anew = false;
      if (anew) this.#catchUp(subscriber, "");
      else this.#continue(subscriber, generation);
    });
  }
}
