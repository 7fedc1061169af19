/**
 * `npm run bench:rollout`: how well canary releases are judged: simulated releases in virtual time, with recorded seeds. It exits with 1 when
 * more healthy ones are taken back, or more bad ones get through, than is promised.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RolloutSpec } from "../../src/model/shapes/rollout.ts";
import { FALSE_ALARMS } from "../../src/rollout/rollout.ts";
import { readFlags, whole, wholes } from "../command-line.ts";
import { runCommand } from "../command.ts";
import { table } from "../report.ts";
import { sayer } from "../say.ts";
import { quantile } from "../statistics.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { seeded, simulate, type Ended } from "./simulate.ts";

const USAGE = `npm run bench:rollout -- [--releases N] [--rate N,N] [--seed N]

Simulates canary releases in virtual time, healthy ones and bad ones, and counts which are taken back. Some minutes.

  --releases N   of each kind and rate, 2000 if not given
  --rate N,N     requests a second of both arms, 10,100 if not given
  --seed N       of the first release, 1 if not given; the second has the next one
`;

/** What an Ingress gets that says nothing more than that it wants a rollout. */
const SPEC: RolloutSpec = {
  steps: [5, 20, 50, 100].map((weight) => ({ weight, lasts: 300_000, requests: 500 })),
  errors: 0.01,
  latency: { quantile: 0.99, bound: { within: 1.5 } },
  onFailure: "back",
};
/** Share of the bad releases that may get through. */
const MISSED = 0.01;

interface Options {
  readonly releases: number;
  readonly rates: readonly number[];
  readonly seed: number;
}

/** @throws UserError for a flag that is not one of ours, or a value that makes no sense. */
function optionsOf(argv: readonly string[]): Options | "help" {
  const { values } = readFlags("bench:rollout", argv, { releases: { type: "string" }, rate: { type: "string" }, seed: { type: "string" } });
  if (values.help) return "help";
  return {
    releases: whole("releases", values.releases, 2000, 1_000_000),
    rates: wholes("rate", values.rate, [10, 100], 1_000_000),
    seed: whole("seed", values.seed, 1, 2 ** 31),
  };
}

interface Judged {
  readonly row: readonly string[];
  readonly holds: boolean;
}

function judge({ name, worse, arms }: Scenario, rate: number, { releases, seed }: Options): Judged {
  const all = Array.from({ length: releases }, (_, i) => simulate({ spec: SPEC, rate, arms, random: seeded(seed + i) }));
  const failed = all.filter(({ state }) => state.phase === "failed");
  const wrong = (worse ? releases - failed.length : failed.length) / releases;
  const requests = (q: number): string => (worse ? count(quantile(failed.map(({ requestsWorse }) => requestsWorse), q)) : "");
  return {
    row: [name, String(rate), worse ? "bad" : "healthy", `${(100 * wrong).toFixed(2)} %`, requests(0.5), requests(0.95), minutes(all, 0.5), minutes(all, 0.95)],
    holds: wrong <= (worse ? MISSED : FALSE_ALARMS),
  };
}

function count(value: number): string {
  return Number.isNaN(value) ? "" : value.toLocaleString("en");
}

function minutes(all: readonly Ended[], q: number): string {
  return (quantile(all.map(({ seconds }) => seconds), q) / 60).toFixed(1);
}

const say = sayer("bench:rollout");

async function run(options: Options): Promise<void> {
  const judged: Judged[] = [];
  const kinds = options.rates.flatMap((rate) => SCENARIOS.map((scenario) => ({ rate, scenario })));
  for (const [done, { rate, scenario }] of kinds.entries()) {
    say(`${done} of ${kinds.length}, now ${scenario.name}, ${rate} requests a second`);
    await nextTurn(); // For Ctrl-C.
    judged.push(judge(scenario, rate, options));
  }
  const head = ["release", "requests/s", "", "judged wrongly", "requests until taken back, p50", "p95", "minutes, p50", "p95"];
  console.log(table([head, ...judged.map(({ row }) => row)]).join("\n"));
  console.log(`\n${options.releases} releases each, seeds from ${options.seed} on; healthy: taken back, at most ${100 * FALSE_ALARMS} %; bad: got through, at most ${100 * MISSED} %`);
  if (judged.some(({ holds }) => !holds)) process.exitCode = 1;
}

await runCommand({ name: "bench:rollout", usage: USAGE, parse: optionsOf, needs: () => [], run });
