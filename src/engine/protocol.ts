/**
 * What the two ends of the channel say to each other, one JSON value per line over the controller's unix socket.
 *
 * Controller → subscriber (worker or agent): frames (edge/src/program.ts); to the agent also orders about nginx.
 * Subscriber → controller: `hello` first, then acknowledgements.
 */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { RouteReply } from "../../edge/src/question.ts";
import type { Reason } from "../../edge/src/reasons.ts";
import type { SpanRow } from "../../edge/src/trace.ts";
import type { EngineFacts } from "../compile/facts.ts";
import type { Profile } from "../compile/profiles.ts";
import type { LeavingCounts } from "./leaving.ts";

/** Reason → requests answered for it. */
export type Answers = Readonly<Partial<Record<Reason, number>>>;

/** A row of request counts from one worker (edge/src/phases/counters.ts). */
export interface CounterRow {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly path: string;
  readonly canary: string;
  readonly status: number;
  readonly requests: number;
  /** The rule's host; absent: no route took the requests, or the worker is of an earlier version. */
  readonly host?: string;
  /** This and the next where requests are measured (edge/src/measures.ts). */
  readonly method?: string;
  readonly cells?: readonly number[];
}

/** What a worker replied, and whose reply it is. */
export interface WorkerReply extends RouteReply {
  readonly slot: number;
  readonly pid: number;
}

export interface WorkerHello {
  readonly op: "hello";
  readonly role: "worker";
  /** `ngx.worker.id()`: 0 … N-1. */
  readonly slot: number;
  readonly pid: number;
  /** Process id of the nginx master that started it. */
  readonly master: number;
  /** Digest of the nginx.conf it runs. */
  readonly config: string;
  readonly generation: number;
  /** Digest of the Program that the worker holds; "" when it holds none, or not all of one. */
  readonly digest: string;
  /** Processor time that the worker has used, in seconds; absent: a worker of an earlier version, which sends no `beat`. */
  readonly cpu?: number;
}

/** The nginx that the agent runs. */
export interface EngineStatus {
  /** 0: no master is running. */
  readonly master: number;
  /** Digest of the nginx.conf that was started or loaded last. */
  readonly config: string;
  /** Profiles in that nginx.conf, by id. */
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Sockets that this nginx opened itself; absent: none. */
  readonly listens?: readonly Listen[];
}

/** A socket that an nginx opens itself, for the listener with this id. */
export interface Listen {
  readonly id: string;
  readonly protocol: "tcp" | "udp";
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS ends there. */
  readonly ssl?: true;
}

/** Absent: the nginx that serves http. */
export type OfInstance = { readonly instance?: "stream" };

export const NO_ENGINE: EngineStatus = { master: 0, config: "", profiles: {} };

export interface AgentHello {
  readonly op: "hello";
  readonly role: "agent";
  readonly pid: number;
  /** Content of the file AGENT_TOKEN, which workers cannot read: a worker cannot pass for the agent. */
  readonly token: string;
  readonly facts: EngineFacts;
  readonly status: EngineStatus;
  /** The nginx below http. */
  readonly stream: EngineStatus;
  readonly digest: string;
  /** Whether private keys may lie in the runtime folder, because it is in memory. */
  readonly keepsKeys: boolean;
}

export type FromSubscriber =
  | WorkerHello
  | AgentHello
  | { readonly op: "ack"; readonly generation: number }
  /** Worker, every few seconds: its event loop turns; with its processor time. */
  | { readonly op: "beat"; readonly cpu: number }
  /** Worker: it accepts nothing new and leaves when its requests have ended. */
  | { readonly op: "exiting" }
  /** An exiting worker is done: it waits for its connection to be closed. */
  | { readonly op: "done" }
  /** Worker: requests since its last report, and those that it answered itself, by reason. */
  | { readonly op: "counters"; readonly rows: readonly CounterRow[]; readonly answers: Answers }
  /** Worker: what the arms of releases did since it said so last. */
  | { readonly op: "arms"; readonly rows: readonly ArmsRow[] }
  /** Worker: requests that were sampled, and how many it had no room for. */
  | { readonly op: "spans"; readonly rows: readonly SpanRow[]; readonly dropped: number }
  /** Worker: requests for the journal, and how many a watcher does not get to see. */
  | { readonly op: "requests"; readonly rows: readonly JournalRow[]; readonly dropped: number }
  /** Worker: where its own tables lead the request that it was asked about. */
  | { readonly op: "replied"; readonly reply: RouteReply }
  /** Agent: nginx was started, reloaded, or a new master took over. */
  | ({ readonly op: "engine"; readonly status: EngineStatus; readonly event: "started" | "reloaded" | "restarted" } & OfInstance)
  /** Agent: whether it ended the worker with this process id, as it was asked to. */
  | { readonly op: "ended"; readonly pid: number; readonly ended: boolean }
  /** Agent: workers that were replaced and are still there. */
  | ({ readonly op: "leaving" } & LeavingCounts & OfInstance)
  /**
   * Agent: nginx is about to be reloaded, and closes idle connections within so many seconds. The farewell to clients
   * has this number; absent: an agent of an earlier version, which waits in any case.
   */
  | { readonly op: "reloading"; readonly seconds: number; readonly farewell?: number }
  /** Worker: it tells its clients to close connections, as this farewell asks for; so many are open, over all workers of its master. */
  | { readonly op: "retired"; readonly farewell: number; readonly connections: number }
  /** Agent: nginx refused this configuration, or other processes have ports of these listeners (id → error code). What ran before still runs. */
  | ({ readonly op: "refused"; readonly config: string; readonly problem: string; readonly ports?: Readonly<Record<string, string>> } & OfInstance)
  /** Agent: it wants the whole Program, because it keeps nothing from which the snapshot files could be written anew. */
  | { readonly op: "anew" }
  /** Agent: nginx's verdict on a trial; problem "": it passed. */
  | { readonly op: "tried"; readonly id: string; readonly problem: string }
  /** Worker: nginx's own counters, which all workers share. */
  | ({ readonly op: "connections" } & ConnectionCounts)
  /** Agent: the answer to `measure`. */
  | ({ readonly op: "processes" } & ProcessMeasures)
  /** Agent: why the snapshot files are behind, and why the files with the endpoints of connections below http are; "" when they are not. */
  | { readonly op: "snapshot"; readonly problem: string; readonly endpoints: string };

export const CONNECTION_COUNTS = ["accepted", "handled", "requests", "active", "reading", "writing", "waiting"] as const;
/** nginx's counters as in stub_status; the first three only grow. */
export type ConnectionCounts = Readonly<Record<(typeof CONNECTION_COUNTS)[number], number>>;

/** nginx's processes, taken together. */
export interface ProcessMeasures {
  readonly processes: number;
  /** Processor time and bytes on disks since the agent began to measure, those of ended processes included. */
  readonly cpuSeconds: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  /** Unix time; 0: nothing runs. */
  readonly oldestStart: number;
}

/** Orders to the agent, beside frames. */
export type AgentOrder =
  /** Test this configuration, then start nginx with it or reload. */
  | ({
      readonly op: "configure";
      readonly text: string;
      readonly digest: string;
      /**
       * Files beside the configuration, by name (src/compile/trust.ts). A file that is named by its digest and lies
       * there already need not be sent again.
       */
      readonly files?: Readonly<Record<string, string>>;
      readonly profiles: EngineStatus["profiles"];
      /** Sockets that this nginx opens itself. */
      readonly listens?: readonly Listen[];
      /** This nginx has the https port, which otherwise the nginx of http has. */
      readonly ownsHttps?: true;
    } & OfInstance)
  /** Test this configuration, which is never used. */
  | { readonly op: "try"; readonly text: string; readonly files: Readonly<Record<string, string>>; readonly id: string }
  /** A worker said hello that runs this configuration, which is not the one in the agent's status. */
  | { readonly op: "runs"; readonly config: string; readonly pid: number }
  /** End a worker that says nothing any more, and answer with `ended`. It had used so many seconds of processor time when it was last heard. */
  | { readonly op: "end"; readonly pid: number; readonly cpu: number }
  /** No client is connected, and new ones are told to close: the reload that waits for this farewell need not wait. */
  | { readonly op: "nobody-connected"; readonly farewell: number }
  /** Answer with `processes`. */
  | { readonly op: "measure" }
  /** End nginx and yourself. */
  | { readonly op: "stop" };

/** Frames longer than this travel in pieces, so that no worker is busy with one for long. */
export const LONGEST_FRAME = 64 * 1024;
