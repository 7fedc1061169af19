/** What may follow `sluice rollout`. */
import type { RolloutAction } from "../rollout/release.ts";

export const ROLLOUT_WORDS = ["list", "status", "pause", "resume", "skip", "abort", "restart"] as const satisfies readonly ("list" | "status" | RolloutAction)[];
