/**
 * The nginx below http, as the engine sees it: which listeners it serves, and whether it serves what the Program says.
 *
 * Endpoints are no affair of its configuration: the agent keeps them where each connection looks them up, and its
 * acknowledgement of a generation says that they are there. Here it is about listeners alone. One whose port cannot be
 * had is left out, so that it stops no other, and is tried again now and then.
 */
import type { EngineFacts } from "../compile/facts.ts";
import { tlsComesFromSocket, type NginxConf } from "../compile/nginx-conf.ts";
import type { Program } from "../compile/program.ts";
import { addressesOf, streamConf, type Listener } from "../compile/stream-conf.ts";
import type { Settings } from "../settings.ts";
import type { Log } from "../support/log.ts";
import { NO_ENGINE, type AgentHello, type AgentOrder, type EngineStatus, type FromSubscriber, type Listen } from "./protocol.ts";

export interface StreamsOptions {
  readonly settings: Settings;
  readonly log: Log;
  readonly order: (order: AgentOrder) => void;
  /** Something may be planned anew. */
  readonly again: () => void;
}

/** What is served below http, for health and findings. */
export interface StreamState {
  /** Listeners that are not served, and why (`EADDRINUSE`). */
  readonly blocked: ReadonlyMap<Listener, string>;
  readonly reloads: number;
  /** What nginx said of the configuration that it refused. */
  readonly refused: string | undefined;
  /** Something is to be served below http, and nginx has no modules for it. */
  readonly modulesMissing: boolean;
  /** The https port is still below http, although no TLS is to be passed through any more. */
  readonly keepsHttps: boolean;
}

const RETRY_MS = 30_000;

export class Streams {
  readonly #options: StreamsOptions;
  #facts: EngineFacts | undefined;
  #status: EngineStatus = NO_ENGINE;
  #program: Program | undefined;
  /** Sent to the agent and not answered yet. */
  #pending: NginxConf | undefined;
  /** Id → why. */
  #blocked: ReadonlyMap<string, string> = new Map();
  /** What was refused is to be tried once more, or is tried by what is pending: for people it stays refused until the answer is there. */
  #again = false;
  #trying = false;
  #refused: { readonly digest: string; readonly problem: string } | undefined;
  #reloads = 0;
  /** Numbers of Programs: nginx is configured for the one, and being configured for the other. */
  #reached = 0;
  #ordered = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  close(): void {
    clearTimeout(this.#retry);
  }

  /** What the Program says is not served yet, and will be. */
  get open(): boolean {
    return this.#pending !== undefined;
  }

  /** Number of the newest Program that nginx was configured for, as far as it takes it. */
  get reached(): number {
    return this.#reached;
  }

  get state(): StreamState {
    const { settings } = this.#options;
    const listeners = this.#program?.listeners ?? new Map<string, Listener>();
    const blocked = [...this.#blocked].flatMap(([id, why]) => {
      const listener = listeners.get(id);
      return listener ? [[listener, why] as const] : [];
    });
    return {
      blocked: new Map(blocked),
      reloads: this.#reloads,
      refused: this.#refused?.problem,
      modulesMissing: this.#facts !== undefined && this.#facts.stream === undefined && (listeners.size > 0 || settings.enableSslPassthrough),
      keepsHttps: this.#facts?.httpsBelow === true && !settings.enableSslPassthrough,
    };
  }

  /** Another agent, with the nginx that it runs. */
  welcome({ facts, stream }: AgentHello): void {
    this.#facts = facts;
    this.#status = stream;
    this.#pending = undefined;
    this.#settled();
  }

  /**
   * Orders a start or a reload when nginx does not serve what the Program with this number says. To be called when http's nginx runs as it
   * should: TLS connections are handed on to it.
   */
  configure(program: Program, number: number): void {
    this.#program = program;
    const facts = this.#facts;
    if (this.#pending || !facts) return;
    const { settings } = this.#options;
    const served = [...program.listeners.values()].filter(({ id }) => this.#again || !this.#blocked.has(id));
    const conf = this.#confOf(program, served, facts);
    const serves = !conf || conf.digest === this.#status.config;
    if (serves && this.#again) this.#settled();
    if (serves || (conf.digest === this.#refused?.digest && !this.#again)) return void (this.#reached = number);
    this.#pending = conf;
    this.#trying = this.#again;
    this.#again = false;
    this.#ordered = number;
    const listens = served.flatMap((listener) => listensOf(listener, settings, program, facts));
    const ownsHttps = tlsComesFromSocket(settings, facts) ? { ownsHttps: true as const } : {};
    this.#options.order({ op: "configure", instance: "stream", text: conf.text, digest: conf.digest, profiles: {}, listens, ...ownsHttps });
  }

  /** An nginx that has started stays, with nothing to serve if need be. */
  #confOf(program: Program, listeners: readonly Listener[], facts: EngineFacts): NginxConf | undefined {
    const { settings } = this.#options;
    const wanted = listeners.length > 0 || tlsComesFromSocket(settings, facts) || this.#status.master !== 0;
    return wanted ? streamConf({ settings, config: program.config, facts, listeners }) : undefined;
  }

  /** The agent's word about the nginx below http. */
  hear(message: FromSubscriber & { op: "engine" | "refused" }): void {
    if (message.op === "engine") this.#changed(message.status, message.event);
    else if (message.config === this.#pending?.digest) this.#wasRefused(message.problem, message.ports);
  }

  #changed(status: EngineStatus, event: string): void {
    this.#status = status;
    if (this.#pending?.digest !== status.config) return;
    this.#pending = undefined;
    this.#reached = this.#ordered;
    if (this.#trying) this.#settled();
    this.#refused = undefined;
    if (event !== "reloaded") return;
    this.#reloads++;
    this.#options.log("info", "the nginx below http was reloaded", { reason: "listeners" });
  }

  #wasRefused(problem: string, ports: Readonly<Record<string, string>> | undefined): void {
    const digest = this.#pending?.digest ?? "";
    this.#pending = undefined;
    const known = this.#trying ? [] : this.#blocked;
    this.#trying = false;
    if (ports) this.#blocked = new Map([...known, ...Object.entries(ports)]);
    else {
      this.#refused = { digest, problem };
      this.#options.log("error", `the nginx below http refuses its new configuration and goes on with the old one: ${problem}`);
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#again = true;
      this.#options.again();
    }, RETRY_MS);
  }

  /** Nothing is blocked or refused any more. */
  #settled(): void {
    this.#blocked = new Map();
    this.#refused = undefined;
    this.#again = this.#trying = false;
  }
}

function listensOf(listener: Listener, settings: Settings, { config }: Program, facts: EngineFacts): Listen[] {
  const { id, protocol, port } = listener;
  return addressesOf(listener, settings, config, facts).map((host) => ({ id, protocol, host, port }));
}
