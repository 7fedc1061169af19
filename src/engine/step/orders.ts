/** What a step wants done. */
import type { Level } from "../../support/log.ts";
import type { AgentOrder, EngineStatus } from "../protocol.ts";
import type { Parts } from "./applied.ts";

export type Order =
  /** Make the next generation of these parts. */
  | { readonly kind: "publish"; readonly changes: Parts }
  /** Tell the agent; an agent that is not there is told nothing. */
  | { readonly kind: "tell"; readonly order: AgentOrder }
  /** This is the nginx whose workers are to be served. */
  | { readonly kind: "runs"; readonly status: EngineStatus }
  | { readonly kind: "log"; readonly level: Level; readonly message: string; readonly fields?: Record<string, unknown> };
