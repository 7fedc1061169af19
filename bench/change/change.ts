/**
 * `npm run bench:change`: how long changes take and whether they cost a request, with gateway-api-bench's scenarios in their Ingress
 * form, for Sluice and for an nginx that is rendered and reloaded. It exits with 0 whatever the numbers are.
 */
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { inFolder } from "../in-folder.ts";
import { describeMachine } from "../machine.ts";
import { machineLine, table } from "../report.ts";
import { startBackend, type Backend } from "../backend.ts";
import { sayer } from "../say.ts";
import { CHANGE_USAGE, parseChangeOptions, type ChangeOptions, type Scenario } from "./options.ts";
import { PUBLISHED } from "./published.ts";
import { startRenderedSubject } from "./rendered-subject.ts";
import type { ChangeRow } from "./rows.ts";
import { failover } from "./scenarios/failover.ts";
import { probeServices, propagation } from "./scenarios/propagation.ts";
import { routeChange } from "./scenarios/route-change.ts";
import { scale } from "./scenarios/scale.ts";
import { tls } from "./scenarios/tls.ts";
import { startSluiceSubject } from "./sluice-subject.ts";
import type { StartSubject } from "./subject.ts";

const say = sayer("bench:change");

interface Bench {
  readonly options: ChangeOptions;
  readonly backend: Backend;
  /** Gives an empty folder. */
  readonly folder: () => string;
}

/** What a subject needs a second for is tried less often. */
interface Pace {
  readonly start: StartSubject;
  /** Of the hosts that are added, how many are waited for one by one in each third. */
  readonly tries: number;
  readonly iterations: number;
  readonly minutes: number;
  readonly probes: number;
  readonly changes: number;
}

function paces({ hosts, iterations, minutes, rendered }: ChangeOptions): Pace[] {
  const sluice: Pace = { start: startSluiceSubject, tries: hosts, iterations, minutes, probes: Math.min(100, hosts), changes: 20 };
  const slow: Pace = { start: startRenderedSubject, tries: 10, iterations: Math.min(100, iterations), minutes: Math.min(2, minutes), probes: 10, changes: 5 };
  return rendered ? [sluice, slow] : [sluice];
}

const RUNS: { readonly [Name in Scenario]: (bench: Bench, pace: Pace) => Promise<ChangeRow[]> } = {
  async "propagation"({ options, backend, folder }, { start, tries }) {
    const subject = await start({ dir: folder(), objects: probeServices(backend) });
    try {
      return await propagation(subject, options.hosts, tries);
    } finally {
      await subject.stop();
    }
  },
  "route-change": ({ folder }, { start, iterations }) => routeChange(start, folder(), iterations),
  "scale": ({ options, backend, folder }, { start, minutes, probes }) => scale(start, { dir: folder(), backend, ingresses: options.scale, minutes, probes }),
  "tls": ({ options, backend, folder }, { start, changes }) => tls(start, folder(), backend, options.tlsHosts, changes),
  async "failover"({ options, folder }, { start }) {
    return [...(await failover(start, folder(), options.flips, null)), ...(await failover(start, folder(), options.flips, "off"))];
  },
};

async function run(options: ChangeOptions, dir: string): Promise<void> {
  const machine = describeMachine();
  let folders = 0;
  const bench: Bench = { options, backend: await startBackend(join(dir, "backend")), folder: () => join(dir, `subject-${++folders}`) };
  const rows: ChangeRow[] = [];
  for (const name of options.scenarios) {
    for (const pace of paces(options)) {
      say(`${name}: ${pace.start === startSluiceSubject ? "Sluice" : "rendered nginx"}`);
      const found = await RUNS[name](bench, pace);
      for (const { what, measured } of found) say(`  ${what}: ${measured}`);
      rows.push(...found);
    }
  }
  if (options.output === "json") return void process.stdout.write(`${JSON.stringify({ machine, options, rows, published: PUBLISHED }, null, 2)}\n`);
  const lines = table([["what", "subject", "measured"], ...rows.map(({ what, subject, measured }) => [what, subject, measured])]);
  const others = table([["published, OF ANOTHER MACHINE (16 cores, real clusters)", "by", "measured"], ...PUBLISHED.map(({ what, by, measured }) => [what, by, measured])]);
  process.stdout.write(`${[...lines, "", ...others, "", machineLine(machine)].join("\n")}\n`);
}

await runCommand({
  name: "bench:change", usage: CHANGE_USAGE, parse: parseChangeOptions, needs: () => ["nginx", "taskset", "openssl"],
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
