/** The state of an engine that serves; tests replace what they need. */
import { NONE_LEAVING } from "../../src/engine/leaving.ts";
import type { EngineState } from "../../src/engine/engine.ts";

export const SERVING: EngineState = {
  observed: 1, programmed: 1, published: 1, waiting: new Set(), applied: 1, served: 1, workers: 2, slots: 2, reloads: 0, reloadReasons: new Map(),
  leaving: { http: NONE_LEAVING, stream: NONE_LEAVING }, behind: [], silent: [],
  refused: undefined, refusedSnippets: new Map(), keysNotKept: false, snapshotProblem: undefined, endpointsProblem: undefined, missingPackages: [], missingModules: [], grpcOverTlsAlone: false, frontsBlocked: new Map(),
  streams: { blocked: new Map(), reloads: 0, refused: undefined, modulesMissing: false, keepsHttps: false },
};
