/**
 * `sluice top`: requests, errors and latency of each route, from two looks at what the Sluice of this machine counted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createRateMeter, type Interval } from "../get/rates.ts";
import { routeSelection } from "../get/requests.ts";
import { topLines } from "../get/top.ts";
import type { TrafficHead, TrafficRow } from "../report/traffic.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { createScreen } from "../support/screen.ts";
import { columnsOf, isScreen, painterFor } from "../support/terminal.ts";
import { UserError } from "../support/user-error.ts";
import { ranInCluster } from "./in-cluster.ts";
import { askRunning, endWithReader, failureText, nobodyAnswers } from "./running.ts";
import { LOOK_PATIENCE_MS } from "./sources.ts";

/** Between two looks for a Sluice that has gone. */
const AGAIN_MS = 1000;

export async function topCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "top");
  if (settings.help) return void process.stdout.write(helpFor("top"));
  if (await ranInCluster("top", settings, argv)) return;
  const { stdout } = process;
  const asJson = settings.output === "json";
  const once = settings.once || (!asJson && !isScreen(stdout));
  const show = asJson ? printJson : once ? printTable : showOnScreen();
  endWithReader();
  const intervalMs = settings.interval * 1000;
  const meter = createRateMeter({ selection: routeSelection(settings), sort: settings.sort });
  let cursor = "";
  let gone = false;
  let due = performance.now();
  for (;;) {
    try {
      const { head, rows, at } = await look(settings, cursor);
      const interval = meter.take(head, rows, at);
      if (interval) show(interval, settings);
      if (interval && once) return;
      cursor = head.cursor;
      gone = false;
    } catch (error) {
      // A Sluice that is started anew is there again in a moment.
      if (cursor === "" || once || !(error instanceof UserError)) throw error;
      if (!gone) process.stderr.write(`sluice: ${error.message}\n`);
      gone = true;
    }
    due = Math.max(due + (gone ? Math.min(intervalMs, AGAIN_MS) : intervalMs), performance.now());
    await sleep(due - performance.now());
  }
}

interface Look {
  readonly head: TrafficHead;
  readonly rows: readonly TrafficRow[];
  /** When the answer began, in milliseconds. */
  readonly at: number;
}

async function look(settings: Settings, cursor: string): Promise<Look> {
  const response = await askRunning(settings, `/api/v1/traffic?since=${encodeURIComponent(cursor)}`, { signal: AbortSignal.timeout(LOOK_PATIENCE_MS) });
  const at = performance.now();
  const text = await response.text().catch((error: unknown) => {
    throw nobodyAnswers(settings, failureText(error));
  });
  const [head, ...rows] = text.split("\n").slice(0, -1).map((line): unknown => JSON.parse(line));
  return { head: head as TrafficHead, rows: rows as readonly TrafficRow[], at };
}

type Show = (interval: Interval, settings: Settings) => void;

function printJson({ seconds, total, routes }: Interval, { lines }: Settings): void {
  const shown = lines === 0 ? routes : routes.slice(0, lines);
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), seconds: Math.round(seconds * 1000) / 1000, total, routes: shown })}\n`);
}

function printTable(interval: Interval, { lines }: Settings): void {
  const { stdout } = process;
  const width = columnsOf(stdout);
  const drawn = topLines(interval, { paint: painterFor(stdout), lines, ...(width === undefined ? {} : { width }) });
  stdout.write(`${drawn.join("\n")}\n`);
}

/** Draws each interval in the place of the one before. */
function showOnScreen(): Show {
  const draw = createScreen();
  return (interval, { lines }) => draw((size) => topLines(interval, { paint: painterFor(process.stdout), lines, ...size }));
}
