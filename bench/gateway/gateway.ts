/**
 * `npm run bench:gateway`: how long changes of HTTPRoutes take and whether they cost a request, with gateway-api-bench's scenarios. It exits
 * with 0 whatever the numbers are.
 */
import { join } from "node:path";
import { groundMissing } from "../../test/conformance/ground.ts";
import { startBackend, type Backend } from "../backend.ts";
import { runCommand } from "../command.ts";
import { interrupted } from "../ending.ts";
import { inFolder } from "../in-folder.ts";
import { describeMachine } from "../machine.ts";
import { machineLine, table } from "../report.ts";
import { sayer } from "../say.ts";
import type { ChangeRow } from "../change/rows.ts";
import { attached } from "./attached.ts";
import { churn } from "./churn.ts";
import { GATEWAY_USAGE, parseGatewayOptions, type GatewayBenchOptions, type Scenario } from "./options.ts";
import { propagation } from "./propagation.ts";
import { routeChange } from "./route-change.ts";

const say = sayer("bench:gateway");

interface Bench {
  readonly options: GatewayBenchOptions;
  readonly backend: Backend;
  /** An empty folder. */
  readonly folder: (name: string) => string;
}

const RUNS: { readonly [Name in Scenario]: (bench: Bench) => Promise<ChangeRow[]> } = {
  "propagation": ({ options, backend, folder }) => propagation((size) => folder(`propagation-${size}`), backend, options.sizes, options.probes),
  "route-change": ({ options, folder }) => routeChange(folder("route-change"), options.iterations),
  "churn": ({ options, backend, folder }) => churn({ dir: folder("churn"), backend, routes: options.scale, minutes: options.minutes, probes: options.probes }),
  async "attached"({ options }) {
    if (groundMissing === undefined) return await attached(options.attached, interrupted);
    say(`attached is left out: ${groundMissing}`);
    return [];
  },
};

async function run(options: GatewayBenchOptions, dir: string): Promise<void> {
  const machine = describeMachine();
  const bench: Bench = { options, backend: await startBackend(join(dir, "backend")), folder: (name) => join(dir, name) };
  const rows: ChangeRow[] = [];
  for (const name of options.scenarios) {
    say(name);
    const found = await RUNS[name](bench);
    for (const { what, measured } of found) say(`  ${what}: ${measured}`);
    rows.push(...found);
  }
  if (options.output === "json") return void process.stdout.write(`${JSON.stringify({ machine, options, rows }, null, 2)}\n`);
  const lines = table([["what", "measured"], ...rows.map(({ what, measured }) => [what, measured])]);
  process.stdout.write(`${[...lines, "", machineLine(machine)].join("\n")}\n`);
}

await runCommand({
  name: "bench:gateway", usage: GATEWAY_USAGE, parse: parseGatewayOptions, needs: () => ["nginx"],
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
