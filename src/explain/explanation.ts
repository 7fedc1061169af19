/** What is said of a request. */
import type { Finding } from "../model/findings/findings.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import type { Settings } from "../settings.ts";
import type { Search } from "./bounded-search.ts";
import type { ObjectIdentity } from "./naming.ts";
import type { ExplainedStep } from "./step.ts";
import type { TriedRule } from "./tried-rules.ts";

export interface Explanation {
  readonly request: string;
  readonly steps: readonly ExplainedStep[];
  /** Status that Sluice answers itself; absent when the request is proxied. */
  readonly status?: number;
  /** Where a redirect leads. */
  readonly location?: string;
  readonly pool?: string;
  readonly endpoints?: readonly string[];
  /** The rules of the host in the order in which they are tried; absent: there is no host. */
  readonly rules?: readonly TriedRule[];
  /** Key of the listener that the request belongs to (model/shapes/listener-key.ts); absent: it belongs to Ingresses. */
  readonly listener?: string;
  /** The Ingresses that decide about the request: the route's, and its canaries'. */
  readonly objects?: readonly ObjectIdentity[];
  /** Findings about the objects involved, and about files or kinds that could not be read and may hide further objects. */
  readonly findings: readonly Finding[];
}

export interface ExplainSettings extends Pick<Settings, "configmap" | "defaultBackendService"> {
  /** Ingresses that name the host, whether they are served or not. */
  readonly naming?: readonly ObjectIdentity[];
  /** Undefined: nobody runs, and nothing is known of releases. */
  readonly rollouts?: readonly RolloutStatus[] | undefined;
  /** Absent: the explanation has a budget of its own. */
  readonly search?: Search;
}
