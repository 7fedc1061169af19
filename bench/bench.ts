/**
 * `npm run bench`: Sluice beside nginx written by hand, HAProxy, Caddy and what else is named, on this machine, held to
 * the goals for its performance.
 *
 * Everything runs on loopback, is bounded in time and is ended at the end. It exits with 0 whatever the numbers are:
 * they say something about the machine too.
 */
import { relative } from "node:path";
import { runCommand } from "./command.ts";
import { measureControlPlane } from "./control-plane.ts";
import { measureDataPlane, type DataPlane } from "./data-plane.ts";
import { inFolder } from "./in-folder.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions, usage, type BenchOptions } from "./options.ts";
import { endAll } from "./processes.ts";
import { findRivals, notInstalled, type FoundRival } from "./rivals/find.ts";
import { writeResults } from "./results.ts";
import { controlRows, dataRows, machineLine, rowLines } from "./report.ts";
import { requestLines, type Titles } from "./tables.ts";
import { sayer } from "./say.ts";
import { SLUICE } from "./targets.ts";
import { needFolder } from "./tools.ts";
import { chooseWorkloads } from "./workloads.ts";

const say = sayer("bench");

async function run(options: BenchOptions, rivals: readonly FoundRival[], dir: string): Promise<void> {
  const machine = describeMachine(Object.fromEntries(rivals.map(({ name, version }) => [name, version])));
  const data = options.parts.has("data") ? await measureDataPlane(`${dir}/data`, options, rivals, say) : undefined;
  await endAll();
  const control = options.parts.has("control") ? await measureControlPlane(`${dir}/control`, options, say) : undefined;
  const titles: Titles = new Map([[SLUICE, "Sluice"], ...rivals.map(({ name, rival }) => [name, rival.title] as const)]);
  const rows = [...(data ? dataRows(data) : []), ...(control ? controlRows(control) : [])];
  const results = { machine, titles, data, control, argv: process.argv.slice(2) };
  for (const path of options.results === undefined ? [] : writeResults(results, options.results)) say(`wrote ${relative(process.cwd(), path)}`);
  if (options.output === "json") {
    process.stdout.write(`${JSON.stringify({ machine, rows, data, control }, null, 2)}\n`);
    return;
  }
  const lines = [...rowLines(rows), "", ...(data ? requestLines(data, titles) : []), machineLine(machine), ...notes(options, rivals, data)];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function notes({ rivals: wanted }: BenchOptions, rivals: readonly FoundRival[], data: DataPlane | undefined): string[] {
  if (!data) return [];
  return [
    "A ratio is the median over the rounds of the ratio within a round; from a quarter to three quarters of them are given. Times are medians.",
    ...notInstalled(rivals, wanted).map((name) => `Not compared: ${name}, which is not installed (apt-get install ${name}).`),
    ...data.remarks,
  ];
}

await runCommand({
  name: "bench", usage: usage(), parse: parseOptions,
  needs({ parts, workloads, quick, results }) {
    if (results !== undefined) needFolder("results", results);
    const http2 = parts.has("data") && chooseWorkloads(workloads, quick).some(({ load }) => load.protocol === "h2");
    return ["nginx", "taskset", "openssl", "wrk", ...(http2 ? ["h2load"] as const : [])];
  },
  async run(options) {
    const rivals = options.parts.has("data") ? await findRivals(options.rivals) : [];
    await inFolder(async (dir) => await run(options, rivals, dir));
  },
});
