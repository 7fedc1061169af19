/** The command line of `npm run bench:gateway`. */
import { choice, chosen, readFlags, whole } from "../command-line.ts";

export const SCENARIOS = ["propagation", "route-change", "churn", "attached"] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface GatewayBenchOptions {
  readonly output: "table" | "json";
  readonly scenarios: readonly Scenario[];
  /** How many routes there are when routes are added one at a time. */
  readonly sizes: readonly number[];
  /** Routes that are added one at a time at each size, and beside the churn. */
  readonly probes: number;
  /** Route changes under traffic. */
  readonly iterations: number;
  /** Routes of the churn, and how long it lasts. */
  readonly scale: number;
  readonly minutes: number;
  /** Routes that attach at once. */
  readonly attached: number;
}

export const GATEWAY_USAGE = `npm run bench:gateway -- [--quick] [--minutes N] [--only NAME,NAME] [--output json]

gateway-api-bench with HTTPRoutes: how long changes take, and whether they cost a request. Loopback only; everything that is
started ends with it.

  --quick          a tenth of everything, in some minutes
  --minutes N      how long 5,000 routes are churned (10)
  --only NAMES     ${SCENARIOS.join(", ")}
  --output json    every measurement, not only the table

attached needs the API server that npm run conformance builds, and root.
`;

const FLAGS = {
  quick: { type: "boolean", default: false },
  minutes: { type: "string" },
  only: { type: "string" },
  output: { type: "string", default: "table" },
} as const;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseGatewayOptions(argv: readonly string[]): GatewayBenchOptions | "help" {
  const { values } = readFlags("bench:gateway", argv, FLAGS);
  if (values.help) return "help";
  const { quick } = values;
  return {
    output: choice("output", values.output, ["table", "json"]),
    scenarios: values.only === undefined ? SCENARIOS : chosen("only", values.only, SCENARIOS, "scenario"),
    sizes: quick ? [1, 100, 500] : [1, 1000, 5000],
    probes: quick ? 50 : 300,
    iterations: quick ? 100 : 1000,
    scale: quick ? 500 : 5000,
    minutes: whole("minutes", values.minutes, quick ? 1 : 10, 600),
    attached: quick ? 100 : 1000,
  };
}
