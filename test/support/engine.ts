/**
 * The engine for tests, without a controller in front: a Program made by the test, real nginx running it.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { PartKey, Program } from "../../src/compile/program.ts";
import { probeEngine, type Probe } from "../../src/engine/agent/probe.ts";
import { Engine, type EngineState } from "../../src/engine/engine.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import { superviseAgent } from "../../src/engine/supervise.ts";
import { parseSettings, type Settings } from "../../src/settings.ts";
import type { Log } from "../../src/support/log.ts";
import { freePorts } from "./sluice.ts";

export interface TestEngine {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly http: number;
  readonly https: number;
  readonly runtimeDir: string;
  /** What the engine has logged, one line each: `level message`. */
  readonly log: readonly string[];
  /** What the agent and nginx have printed. */
  engineLog(): string;
  /** Hands the Program over and waits until every worker runs it. */
  run(program: Program, changed: ReadonlySet<PartKey>): Promise<EngineState>;
  /** Waits for a state. Rejects after 15 s. */
  until(what: string, holds: (state: EngineState) => boolean): Promise<EngineState>;
  stop(): Promise<void>;
}

const LIMIT_MS = 15_000;

/** What the agent's probe finds out about this machine's nginx. */
export function probe(runtimeDir: string): Probe {
  return probeEngine({ binary: NGINX_BINARY, runtimeDir, edgeDir: EDGE_DIR, accessLog: `${runtimeDir}/access.log` });
}

/** A folder in memory that nginx's workers can pass through. */
export function runtimeFolder(parent = "/dev/shm"): string {
  const folder = mkdtempSync(`${parent}/sluice-test-`);
  chmodSync(folder, 0o711);
  return folder;
}

export async function startEngine(): Promise<TestEngine> {
  const runtimeDir = runtimeFolder();
  const [http, https] = await freePorts(2);
  const settings = parseSettings(
    ["--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--runtime-dir=${runtimeDir}`, "--shutdown-timeout=2", "--reload-interval=0"],
    "run",
  );
  const lines: string[] = [];
  const log: Log = (level, message) => void lines.push(`${level} ${message}`);
  const waiting = new Set<() => void>();
  const { workers } = probe(runtimeDir);
  const engine = new Engine({
    settings,
    log,
    workers,
    changed: () => waiting.forEach((check) => check()),
    counted: () => undefined,
    armed: () => undefined,
    measured: () => undefined, spanned: () => undefined, noted: () => undefined,
  });
  await engine.listen();
  const agent = superviseAgent(settings, log, workers);
  await agent.start();
  const until = (what: string, holds: (state: EngineState) => boolean): Promise<EngineState> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!holds(engine.state)) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(engine.state);
      };
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`not within ${LIMIT_MS} ms: ${what}; ${JSON.stringify(engine.state)}\n${lines.join("\n")}`));
      }, LIMIT_MS);
      waiting.add(check);
      check();
    });
  return {
    engine,
    settings,
    http,
    https,
    runtimeDir,
    log: lines,
    engineLog: () => readFileSync(`${runtimeDir}/engine.log`, "utf8"),
    run(program, changed) {
      engine.apply(program, changed);
      return until("programmed", ({ observed, programmed }) => programmed === observed && observed > 0);
    },
    until,
    async stop() {
      await agent.stop(() => engine.stopAgent());
      await engine.close();
      rmSync(runtimeDir, { recursive: true, force: true });
    },
  };
}
