/**
 * A world for the engine's step: a compiler that makes Programs, an nginx that loads configurations or refuses them, an
 * agent whose messages may be late, lost, out of order or wrong, and workers that acknowledge when the test says.
 *
 * After each step it checks what the engine promises at any time (see src/engine/step/step.ts).
 */
import assert from "node:assert/strict";
import type { Profile } from "../../src/compile/profiles.ts";
import { partKey, type Part, type PartKey, type Program } from "../../src/compile/program.ts";
import type { Listener } from "../../src/compile/stream-conf.ts";
import { NONE_LEAVING } from "../../src/engine/leaving.ts";
import { NO_ENGINE, type AgentOrder, type EngineStatus } from "../../src/engine/protocol.ts";
import { servedNumber, type Parts } from "../../src/engine/step/applied.ts";
import type { Order } from "../../src/engine/step/orders.ts";
import { isLoaded } from "../../src/engine/step/plan.ts";
import { initialState, type AgentWord, type EngineEvent, type Moment, type State } from "../../src/engine/step/state.ts";
import { holdsBack, nextWake, step, type Step } from "../../src/engine/step/step.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";
import { hostPart, poolPart } from "./parts.ts";
import { confOf, CONFIGS, facts, hasSnippet, listener, nginxRefuses, portsOf, PROFILES } from "./step-choices.ts";

/** A new version of a host (`needs`: the profile that it needs; `pool`: the pool that it refers to) or of a pool; `gone`: the part is removed. */
/** One map, as the compiler gives it while nothing changes. */
const NO_FRONTS = new Map<string, never>();

export type Edit = { readonly host: number; readonly needs?: number | undefined; readonly pool?: number | undefined } | { readonly host: number; readonly gone: true } | { readonly pool: number; readonly gone?: true };
export type Lie = "nonsense" | "old status" | "refused" | "taken" | "refused below" | "tried" | "many leave" | "nobody leaves";

const hostKey = (index: number): PartKey => partKey("host", `h${index}`);
const poolKey = (index: number): PartKey => partKey("pool", `p${index}`);

export class World {
  state: State = initialState(parseSettings([], "run"), confOf);
  /** Whether the agent has said nothing but the truth, in order, and nginx has refused nothing. */
  #honest = true;
  #now = 1_700_000_000_000;
  #draining = false;
  #version = 0;
  readonly #parts = new Map<PartKey, Part>();
  readonly #versions = new Map<Part, number>();
  #profiles: ReadonlyMap<string, Profile> = new Map();
  #listeners: ReadonlyMap<string, Listener> = new Map();
  #config = DEFAULT_CONFIG;
  /** Digest of an nginx.conf → the settings that it was made with. */
  readonly #configs = new Map<string, Config>();
  /** Each Program, by its number: the versions of its parts, its settings and its listeners. */
  readonly #programs: { readonly versions: ReadonlyMap<PartKey, number>; readonly config: Config; readonly listeners: string }[] = [{ versions: new Map(), config: DEFAULT_CONFIG, listeners: "" }];
  /** Digest of a configuration of the nginx below http → the ports that it listens on. */
  readonly #listens = new Map<string, string>();
  readonly #ledger = new Map<PartKey, Part>();
  /** Parts with a snippet that were published before nginx ran, or before it started anew: there was no older version to keep. */
  readonly #early = new Set<Part>();
  readonly #generations: Parts[] = [];
  readonly #acknowledged = [0, 0, 0];
  /** The newest generation that the engine has announced: the published one, or the next while it holds changes back. */
  #observed = 0;
  /** The state that was checked last, so that it is not checked twice. */
  #looked = "";
  #alive = false;
  #orders: AgentOrder[] = [];
  #words: AgentWord[] = [];
  readonly #awaited = new Map<"http" | "stream", string>();
  readonly #before: EngineStatus[] = [NO_ENGINE];
  /** What really runs, whatever the agent says. */
  #nginx: Readonly<Record<"http" | "stream", EngineStatus>> = { http: NO_ENGINE, stream: NO_ENGINE };
  /** While true, nginx refuses everything, as when another process has its port. */
  unlucky = false;
  /** While true, the agent calls the next configuration refused, and nginx loads it all the same. */
  late = false;

  readonly #step: typeof step;

  /** @param taken the function that takes a step, if not the engine's own. */
  constructor(taken: typeof step = step) {
    this.#step = taken;
  }

  get #moment(): Moment {
    return { now: this.#now, draining: this.#draining, programmed: this.programmed };
  }

  get programmed(): number {
    return Math.min(...this.#acknowledged);
  }

  /** The number of the newest Program. */
  get number(): number {
    return this.#programs.length - 1;
  }

  get served(): number {
    return servedNumber(this.state.applied, this.programmed);
  }

  happens(event: EngineEvent): void {
    this.#take(this.#step(this.state, event, this.#moment));
  }

  #take({ state, orders }: Step): void {
    this.state = state;
    for (const order of orders) this.#carryOut(order);
    this.#check();
  }

  #carryOut(order: Order): void {
    if (order.kind === "publish") this.#publish(order.changes);
    if (order.kind !== "tell") return;
    if (order.order.op === "configure") {
      const instance = order.order.instance ?? "http";
      assert.equal(this.#awaited.get(instance), undefined, `two orders at a time for ${instance}`);
      if (this.#alive) this.#awaited.set(instance, order.order.digest);
    }
    if (this.#alive) this.#orders.push(order.order);
  }

  #publish(changes: Parts): void {
    const { status } = this.state.http;
    for (const [key, part] of changes) {
      for (const [id, profile] of part?.profiles ?? []) assert.ok(status.master === 0 || isLoaded(profile, status.profiles[id]), `${key} is published before its profile is loaded`);
      if (part && status.master === 0 && hasSnippet(part)) this.#early.add(part);
      if (part) this.#ledger.set(key, part);
      else this.#ledger.delete(key);
    }
    this.#generations.push(changes);
    for (const [key, { refersTo = [] }] of this.#ledger) for (const one of refersTo) assert.ok(this.#ledger.has(one), `${key} refers to ${one}, which is gone`);
  }

  #check(): void {
    assert.equal(this.state.applied.generation, this.#generations.length);
    this.#observed = Math.max(this.#observed, this.state.applied.generation + (holdsBack(this.state) ? 1 : 0));
    const number = this.served;
    assert.ok(number <= this.number);
    const looked = `${number} ${this.programmed} ${this.state.http.status.config}`;
    if (looked === this.#looked) return;
    this.#looked = looked;
    const held = new Map<PartKey, number>();
    for (const generation of this.#generations.slice(0, this.programmed)) {
      for (const [key, part] of generation) held.set(key, (part && this.#versions.get(part)) ?? Infinity);
    }
    const program = this.#programs[number];
    for (const [key, version] of program?.versions ?? []) assert.ok((held.get(key) ?? 0) >= version, `Program ${number} counts as served without its ${key}`);
    if (!this.#honest) return;
    const { status } = this.state.http;
    const lacks = [...this.#ledger.values()].find((part) => status.master !== 0 && !this.#early.has(part) && [...part.profiles].some(([id, profile]) => !this.state.trials.failed.has(id) && !isLoaded(profile, status.profiles[id])));
    assert.equal(lacks?.key, undefined, "nginx was loaded without a profile that workers use");
    // While no nginx runs, nothing is served at all, and nobody reads the number.
    if (number === 0 || status.master === 0) return;
    const runs = this.#configOf(this.state.http.status.config);
    assert.ok(this.#programs.slice(number).some(({ config }) => config === runs), `Program ${number} counts as served under settings before it`);
    const below = this.#listens.get(this.state.streams.status.config) ?? "";
    assert.ok(this.#programs.slice(number).some(({ listeners }) => listeners === below), `Program ${number} counts as served without its listeners`);
  }

  #configOf(digest: string): Config | undefined {
    return this.#configs.get(digest);
  }

  edit(edits: readonly Edit[]): void {
    const keys = new Set<PartKey>();
    for (const edit of edits) {
      const part = this.#edited(edit);
      if (part === "nothing") continue;
      const { key, next } = part;
      keys.add(key);
      if (next) this.#parts.set(key, next);
      else this.#parts.delete(key);
    }
    this.#program(keys);
  }

  /** As in a real Program: only a part that nothing refers to is removed, and references lead only to parts that are there. */
  #edited(edit: Edit): { readonly key: PartKey; readonly next: Part | undefined } | "nothing" {
    this.#version++;
    if ("host" in edit) {
      const key = hostKey(edit.host);
      if ("gone" in edit) return { key, next: undefined };
      const needs = edit.needs === undefined ? undefined : PROFILES[edit.needs];
      const refersTo = edit.pool !== undefined && this.#parts.has(poolKey(edit.pool)) ? { refersTo: [poolKey(edit.pool)] } : {};
      const asks = needs ? { profiles: new Map([needs]), needs: [{ namespace: `n${edit.host}`, profile: needs[0] }] } : {};
      return { key, next: this.#numbered({ ...hostPart(`h${edit.host}`, `/${this.#version}`), ...refersTo, ...asks } as Part) };
    }
    const key = poolKey(edit.pool);
    if (!edit.gone) return { key, next: this.#numbered(poolPart(`p${edit.pool}`, this.#version)) };
    const referredTo = [...this.#parts.values()].some(({ refersTo }) => refersTo?.includes(key));
    return referredTo || !this.#parts.has(key) ? "nothing" : { key, next: undefined };
  }

  #numbered(part: Part): Part {
    this.#versions.set(part, this.#programs.length);
    return part;
  }

  configure(index: number): void {
    this.#config = CONFIGS[index] ?? DEFAULT_CONFIG;
    this.#program(new Set());
  }

  listen(ports: readonly number[]): void {
    this.#listeners = new Map(ports.map((port) => [`tcp ${port}`, listener(port)]));
    this.#program(new Set());
  }

  #program(changed: ReadonlySet<PartKey>): void {
    const used = new Map([...this.#parts.values()].flatMap(({ profiles }) => [...profiles]));
    if ([...used.keys()].join() !== [...this.#profiles.keys()].join()) this.#profiles = used;
    const last = this.#programs.at(-1)?.versions ?? new Map<PartKey, number>();
    const versions = new Map([...last, ...[...changed].map((key) => [key, this.#programs.length] as const)]);
    this.#programs.push({ versions, config: this.#config, listeners: portsOf([...this.#listeners.values()]) });
    const program: Omit<Program, "parts"> = { profiles: this.#profiles, trust: new Map(), listeners: this.#listeners, fronts: NO_FRONTS, config: this.#config };
    const changes = new Map([...changed].map((key) => [key, { published: this.#ledger.get(key), newest: this.#parts.get(key) }]));
    this.happens({ kind: "program", program, changed: changes });
  }

  /** The agent carries out the oldest of its open orders. */
  obey(): void {
    const order = this.#orders.shift();
    if (order?.op === "try") this.#words.push({ op: "tried", id: order.id, problem: nginxRefuses(order.text) ? "unknown directive" : "" });
    if (order?.op !== "configure") return;
    if (order.instance === "stream") this.#listens.set(order.digest, portsOf(order.listens ?? []));
    this.#load(order);
  }

  #load({ instance: below, text, digest, profiles }: AgentOrder & { op: "configure" }): void {
    const of = below ? { instance: below } : {};
    const instance = below ?? "http";
    const refuses = this.unlucky || (instance === "http" && nginxRefuses(text));
    if (refuses || this.late) this.#words.push({ op: "refused", config: digest, problem: "address in use", ...of });
    if (refuses) return;
    this.late = false;
    const event = this.#nginx[instance].master === 0 ? "started" : "reloaded";
    this.#nginx = { ...this.#nginx, [instance]: { master: 7, config: digest, profiles } };
    if (instance === "http") {
      this.#before.push(this.#nginx.http);
      const config = CONFIGS.find((one) => confOf({ settings: this.state.settings, facts, config: one, profiles: new Map(Object.entries(profiles)) }).digest === digest);
      if (config) this.#configs.set(digest, config);
    }
    this.#words.push({ op: "engine", status: this.#nginx[instance], event, ...of });
  }

  /** A message of the agent's arrives: the oldest one, or, with another index than 0, one out of order. */
  deliver(index = 0): void {
    const [word] = this.#words.splice(index % Math.max(1, this.#words.length), 1);
    if (!word) return;
    if (index > 0) this.#honest = false;
    this.#hear(word);
  }

  #hear(word: AgentWord): void {
    const answers = word.op === "engine" ? word.status.config : word.op === "refused" ? word.config : undefined;
    const instance = word.op === "engine" || word.op === "refused" ? (word.instance ?? "http") : "http";
    if (word.op === "refused") this.#honest = false;
    if (answers !== undefined && this.#awaited.get(instance) === answers) this.#awaited.delete(instance);
    this.happens({ kind: "said", message: word });
  }

  /** The agent's container is restarted: the nginx of http ends with the agent. */
  kill(): void {
    this.die();
    this.#nginx = { ...this.#nginx, http: NO_ENGINE };
  }

  /** Whether the agent has an order for the nginx of http that it has not answered. */
  get isOrdered(): boolean {
    return this.#awaited.has("http");
  }

  die(): void {
    this.#alive = false;
    this.#orders = [];
    this.#words = [];
    this.#awaited.clear();
  }

  /** Another agent comes, and adopts what really runs. */
  come(): void {
    this.die();
    this.#alive = true;
    const { http, stream } = this.#nginx;
    if (http.master === 0) for (const part of this.#ledger.values()) if (hasSnippet(part)) this.#early.add(part);
    this.happens({ kind: "agent", hello: { op: "hello", role: "agent", pid: 1, token: "", facts, status: http, stream, digest: "", keepsKeys: true } });
  }

  lie(lie: Lie): void {
    if (!this.#alive) return;
    this.#honest = false;
    const { http: { ordered }, streams } = this.state;
    const asked = this.state.trials.asked?.id ?? "nobody";
    const words: Record<Lie, AgentWord | undefined> = {
      nonsense: { op: "engine", status: { master: 9, config: "nonsense", profiles: {} }, event: "restarted" },
      "old status": { op: "engine", status: this.#before[Math.floor(this.#before.length / 2)] ?? NO_ENGINE, event: "reloaded" },
      refused: { op: "refused", config: ordered?.plan.conf.digest ?? "nonsense", problem: "a lie" },
      taken: ordered && { op: "engine", status: { master: 7, config: ordered.plan.conf.digest, profiles: Object.fromEntries(ordered.plan.profiles) }, event: "reloaded" },
      "refused below": { op: "refused", instance: "stream", config: streams.ordered?.conf.digest ?? "nonsense", problem: "a lie", ports: { "tcp 9000": "EADDRINUSE" } },
      tried: { op: "tried", id: asked, problem: "a lie" },
      "many leave": { op: "leaving", ...NONE_LEAVING, generations: 9, workers: 18, since: this.#now },
      "nobody leaves": { op: "leaving", ...NONE_LEAVING },
    };
    const word = words[lie];
    if (word) this.#hear(word);
  }

  acknowledge(worker: number, share: number): void {
    const index = worker % this.#acknowledged.length;
    this.#acknowledged[index] = Math.max(this.#acknowledged[index] ?? 0, Math.floor(this.#generations.length * share));
  }

  drain(draining: boolean): void {
    this.#draining = draining;
  }

  /** Time passes, and everything that becomes due in that time happens. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (let due = nextWake(this.state, this.#now); due !== undefined && due <= end; due = nextWake(this.state, this.#now)) {
      this.#now = due;
      this.happens({ kind: "time", due });
    }
    this.#now = end;
  }

  /**
   * Runs the world until nothing is left to do. The agent tells the truth, and the only changes are those of the model: hosts
   * whose profile nginx refuses are closed.
   */
  settle(): void {
    this.unlucky = this.late = this.#draining = false;
    this.come();
    for (let turns = 0; turns < 500; turns++) {
      const wake = nextWake(this.state, this.#now);
      if (this.#orders.length > 0) this.obey();
      else if (this.#words.length > 0) this.deliver();
      else if (this.#refusedHosts().length > 0) this.edit(this.#refusedHosts().map((host) => ({ host })));
      else if (this.programmed < this.#generations.length) this.#acknowledged.fill(this.#generations.length);
      else if (wake !== undefined) this.pass(wake - this.#now);
      else return;
    }
    assert.fail("it never comes to rest");
  }

  #refusedHosts(): number[] {
    const { refused } = this.state.trials;
    return [0, 1, 2, 3].filter((index) => [...(this.#parts.get(hostKey(index))?.profiles.values() ?? [])].some(({ snippet }) => refused.has(snippet?.digest ?? "")));
  }

  /** Checks that nothing is lost: nginx and the workers have what was applied last. */
  checkSettled(): void {
    const { applied, http, streams } = this.state;
    assert.deepEqual([applied.waiting.size, http.ordered, http.refusal, http.delayed, streams.ordered, streams.refused, streams.blocked.size], [0, undefined, undefined, undefined, undefined, undefined, 0]);
    assert.deepEqual(new Set(this.#ledger.values()), new Set(this.#parts.values()));
    if (this.number > 0) assert.deepEqual([this.served, this.programmed], [this.number, this.#generations.length]);
    if (this.number > 0) assert.equal(this.#configOf(this.#nginx.http.config), this.#config);
    if (this.#honest) assert.ok(this.#generations.length >= this.#observed, "what was observed never comes");
    for (const [id, profile] of this.#profiles) assert.ok(isLoaded(profile, this.#nginx.http.profiles[id]), "nginx lacks a profile of the last Program");
  }
}
