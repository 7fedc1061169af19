/**
 * The nginx below http, as the engine sees it: which listeners it serves, and whether it serves what the Program says.
 *
 * Endpoints are not in its configuration: the agent keeps them in files where each connection looks them up, and its
 * acknowledgement of a generation says that the files are written. This module is about listeners alone. A listener
 * whose port cannot be had is left out, so that it stops no other, and is tried again now and then.
 */
import type { EngineFacts } from "../../compile/facts.ts";
import { tlsComesFromSocket } from "../../compile/from-socket.ts";
import type { NginxConf } from "../../compile/nginx-conf.ts";
import type { Program } from "../../compile/program.ts";
import { addressesOf, streamConf, type Listener } from "../../compile/stream-conf.ts";
import type { Settings } from "../../settings.ts";
import { NO_ENGINE, type AgentOrder, type EngineStatus, type FromSubscriber, type Listen } from "../protocol.ts";
import type { Order } from "./orders.ts";

/** Immutable. */
export interface Streams {
  /** What the agent says that this nginx runs. */
  readonly status: EngineStatus;
  /** The configuration that was sent to the agent and not answered yet. */
  readonly ordered: Ordered | undefined;
  /** Id of a listener → why it is left out. */
  readonly blocked: ReadonlyMap<string, string>;
  /** The configuration that nginx refused last; it is reported as refused until the answer to the next try has come. */
  readonly refused: { readonly digest: string; readonly problem: string } | undefined;
  /** When what is blocked or refused is tried once more, Unix time in milliseconds; undefined: nothing is, or it is being tried. */
  readonly retryAt: number | undefined;
  /** Number of the newest Program whose listeners nginx serves, as far as it can. */
  readonly configured: number;
  readonly reloads: number;
}

interface Ordered {
  readonly conf: NginxConf;
  /** Number of the Program that it was made for. */
  readonly number: number;
  /** Whether it tries once more what was blocked or refused. */
  readonly retries: boolean;
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
  /** The nginx below http still has the https port, although no TLS is to be passed through any more. */
  readonly keepsHttps: boolean;
}

const RETRY_MS = 30_000;

const NOTHING_WRONG = { blocked: new Map<string, string>(), refused: undefined, retryAt: undefined };

export const NO_STREAMS: Streams = { status: NO_ENGINE, ordered: undefined, ...NOTHING_WRONG, configured: 0, reloads: 0 };

/** What is to be served, and where. */
export interface StreamGround {
  readonly settings: Settings;
  readonly program: Pick<Program, "listeners" | "config">;
  readonly facts: EngineFacts;
}

export function streamState(streams: Streams, settings: Settings, listeners: Program["listeners"] = new Map(), facts?: EngineFacts): StreamState {
  const blocked = [...streams.blocked].flatMap(([id, why]) => {
    const listener = listeners.get(id);
    return listener ? [[listener, why] as const] : [];
  });
  return {
    blocked: new Map(blocked),
    reloads: streams.reloads,
    refused: streams.refused?.problem,
    modulesMissing: facts !== undefined && facts.stream === undefined && (listeners.size > 0 || settings.enableSslPassthrough),
    keepsHttps: facts?.httpsBelow === true && !settings.enableSslPassthrough,
  };
}

/** Another agent has come, with the nginx below http that it runs. */
export function adoptStreams(streams: Streams, status: EngineStatus): Streams {
  return { ...streams, ...NOTHING_WRONG, status, ordered: undefined };
}

interface Next {
  readonly streams: Streams;
  readonly orders: readonly Order[];
}

/**
 * Orders a start or a reload when nginx does not serve what the Program with this number says. To be called when the
 * nginx of http runs as it should, because TLS connections are handed on to it.
 */
export function configureStreams(streams: Streams, number: number, ground: StreamGround, now: number): Next {
  const { settings, program, facts } = ground;
  if (streams.ordered) return { streams, orders: [] };
  const retries = streams.retryAt !== undefined && now >= streams.retryAt;
  const served = [...program.listeners.values()].filter(({ id }) => retries || !streams.blocked.has(id));
  // An nginx below http that has started stays, even with nothing to serve.
  const wanted = served.length > 0 || tlsComesFromSocket(settings, facts) || streams.status.master !== 0;
  const conf = wanted ? streamConf({ settings, config: program.config, facts, listeners: served }) : undefined;
  if (!conf || conf.digest === streams.status.config) return { streams: { ...streams, configured: number, ...(retries ? NOTHING_WRONG : {}) }, orders: [] };
  if (conf.digest === streams.refused?.digest && !retries) return { streams: { ...streams, configured: number }, orders: [] };
  const retryAt = retries ? undefined : streams.retryAt;
  return { streams: { ...streams, ordered: { conf, number, retries }, retryAt }, orders: [{ kind: "tell", order: orderOf(conf, served, ground) }] };
}

/** What the agent says about the nginx below http. */
export function hearStreams(streams: Streams, message: FromSubscriber & { readonly op: "engine" | "refused" }, now: number): Next {
  if (message.op === "engine") return changed(streams, message.status, message.event);
  return message.config === streams.ordered?.conf.digest ? refused(streams, streams.ordered, message, now) : { streams, orders: [] };
}

function changed(before: Streams, status: EngineStatus, event: string): Next {
  const { ordered, reloads } = before;
  if (ordered?.conf.digest !== status.config) return { streams: { ...before, status }, orders: [] };
  const streams = { ...before, status, ordered: undefined, configured: ordered.number, refused: undefined, ...(ordered.retries ? NOTHING_WRONG : {}) };
  if (event !== "reloaded") return { streams, orders: [] };
  const told: Order = { kind: "log", level: "info", message: "the nginx below http was reloaded", fields: { reason: "listeners" } };
  return { streams: { ...streams, reloads: reloads + 1 }, orders: [told] };
}

function refused(before: Streams, { conf, retries }: Ordered, { problem, ports }: FromSubscriber & { readonly op: "refused" }, now: number): Next {
  const streams = { ...before, ordered: undefined, retryAt: now + RETRY_MS };
  if (ports) return { streams: { ...streams, blocked: new Map([...(retries ? [] : before.blocked), ...Object.entries(ports)]) }, orders: [] };
  const told: Order = { kind: "log", level: "error", message: `the nginx below http refuses its new configuration and goes on with the old one: ${problem}` };
  return { streams: { ...streams, refused: { digest: conf.digest, problem } }, orders: [told] };
}

function orderOf({ text, digest }: NginxConf, served: readonly Listener[], ground: StreamGround): AgentOrder {
  const { settings, facts } = ground;
  const listens = served.flatMap((listener) => listensOf(listener, ground));
  const ownsHttps = tlsComesFromSocket(settings, facts) ? { ownsHttps: true as const } : {};
  return { op: "configure", instance: "stream", text, digest, profiles: {}, listens, ...ownsHttps };
}

function listensOf(listener: Listener, { settings, program, facts }: StreamGround): Listen[] {
  const { id, protocol, port } = listener;
  return addressesOf(listener, settings, program.config, facts).map((host) => ({ id, protocol, host, port }));
}
