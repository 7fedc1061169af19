/** What the engine tells of itself: how far it is, and numbers for metrics. */
import type { Front } from "../compile/fronts.ts";
import type { MissingModule } from "../compile/machine.ts";
import type { PartKey } from "../compile/program.ts";
import type { SentCounts } from "./channel.ts";
import type { LeavingCounts } from "./leaving.ts";
import type { FromSubscriber } from "./protocol.ts";
import type { StreamState } from "./step/streams.ts";

export type NginxMeasures = Extract<FromSubscriber, { readonly op: "connections" | "processes" }>;

/** Numbers for metrics. */
export interface EngineCounts extends SentCounts {
  /** Digest of the nginx.conf that runs; empty: none. */
  readonly config: string;
  /** Configurations that nginx took, at a start or by a reload, and that it refused. */
  readonly loads: number;
  readonly refusals: number;
  /** Unix time in milliseconds at which nginx last took a configuration; 0: never. */
  readonly loadedAt: number;
}

export interface EngineState {
  /** The generation that holds what was applied last, sent or still to come; and the newest one that everybody who has to has acknowledged. */
  readonly observed: number;
  readonly programmed: number;
  /** The newest generation that was sent, and the parts whose newest version is not in it yet. */
  readonly published: number;
  readonly waiting: Pick<ReadonlySet<PartKey>, "has" | "size">;
  /** Number of the Program that was applied last, and of the newest that is served, in that version or a newer one, by all. */
  readonly applied: number;
  readonly served: number;
  /** Workers of the running nginx that are connected, and how many there should be. */
  readonly workers: number;
  readonly slots: number;
  readonly reloads: number;
  /** Reloads by reason. */
  readonly reloadReasons: ReadonlyMap<string, number>;
  /** Workers of each nginx that were replaced and are still there. */
  readonly leaving: Readonly<Record<"http" | "stream", LeavingCounts>>;
  /** Who has not acknowledged the newest generation. */
  readonly behind: readonly string[];
  /** Workers whose event loop has not turned for ten seconds. */
  readonly silent: readonly string[];
  /** What nginx said of the configuration it refused; undefined when it took the last one. */
  readonly refused: string | undefined;
  /** Digest of a snippet → why nginx refuses it. The same map while nothing changed. */
  readonly refusedSnippets: ReadonlyMap<string, string>;
  /** Private keys are not kept for workers that start while the controller is away, because the runtime folder is on a disk. */
  readonly keysNotKept: boolean;
  /** Why the snapshot for workers that start is behind; undefined when it is not. */
  readonly snapshotProblem: string | undefined;
  /** Why connections below http still go to the endpoints of an earlier generation; undefined when they do not. */
  readonly endpointsProblem: string | undefined;
  /** Debian's packages that routes need and that are not installed where nginx runs: these routes answer 503. */
  readonly missingPackages: readonly string[];
  /** Keys of the ConfigMap that ask for a module of nginx which is not installed there: they have no effect. */
  readonly missingModules: readonly MissingModule[];
  /** gRPC is spoken to backends, and nginx takes HTTP/2 over TLS alone. */
  readonly grpcOverTlsAlone: boolean;
  /** Where Gateways want requests to come in, and why that cannot be (`EADDRINUSE`). The same map while nothing changed. */
  readonly frontsBlocked: ReadonlyMap<Front, string>;
  readonly streams: StreamState;
}
