/** What is looked at once the traffic has ended: whether the rules were kept, and whether everything ends. */
import { copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { isAlive } from "../../src/support/process-identity.ts";
import type { Site } from "./site.ts";
import type { RuleCounts } from "./traffic/rules.ts";
import type { UnderTest } from "./under-test.ts";
import { info, within, zero, type VerdictRow } from "./verdict.ts";

/** limit-burst-multiplier, where none is set. */
const BURST = 5;
/** Standard deviations that a share may be off by chance. */
const SIGMAS = 4;
const END_MS = 30_000;

/** @param memoriesLost how often the memory in which requests are counted may have begun anew: a new master has a new one */
export function ruleRows(site: Site, { canary, limited }: RuleCounts, memoriesLost: number): VerdictRow[] {
  const share = (100 * canary.taken) / Math.max(1, canary.all);
  const off = SIGMAS * 100 * Math.sqrt((0.01 * site.weight * (1 - 0.01 * site.weight)) / Math.max(1, canary.all));
  const seconds = (limited.ended - limited.begun) / 1000;
  const most = site.limitPerSecond * (seconds + (BURST + 1) * (1 + memoriesLost));
  return [
    within(`share of the canary by weight, of ${canary.all}`, share, Number((site.weight + off).toFixed(1)), "%", Number((site.weight - off).toFixed(1))),
    within(`requests that the rate limit let through, of ${limited.passed + limited.refused}`, limited.passed, Math.ceil(most), "", Math.floor(0.8 * site.limitPerSecond * seconds)),
  ];
}

/** Ends the Sluice as its operator would, and looks at what is left. */
export async function endRows(test: UnderTest, keep: string | undefined): Promise<VerdictRow[]> {
  const before = test.census.members();
  const child = test.sluice().process;
  const ended = new Promise<"ended">((resolve) => child.once("exit", () => resolve("ended")));
  child.kill("SIGTERM");
  const limit = new Promise<"late">((resolve) => setTimeout(() => resolve("late"), END_MS).unref());
  const how = await Promise.race([ended, limit]);
  const left = before.filter(isAlive);
  const files = readdirSync(test.runtimeDir).filter((name) => !/\.log(\.1)?$/.test(name));
  const open = (await Promise.all([test.http, test.https, test.sluice().health].map(isOpen))).filter(Boolean).length;
  if (keep !== undefined) keepLogs(test.runtimeDir, keep);
  const lines = test.sluice().log().split("\n");
  return [
    info("lines of the controller's log, those that are errors", `${lines.length}, ${lines.filter((line) => /\berror\b/i.test(line.slice(0, 60))).length}`),
    zero("processes left after SIGTERM", left.length + (how === "late" ? 1 : 0)),
    zero("ports left open", open),
    { what: "files left in the runtime folder, but logs", measured: files.length === 0 ? "none" : files.join(" "), bound: "none", holds: files.filter((name) => name !== "controller.lock").length === 0 },
  ];
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function keepLogs(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (statSync(join(from, name)).isFile() && /\.log/.test(name)) copyFileSync(join(from, name), join(to, name));
}
