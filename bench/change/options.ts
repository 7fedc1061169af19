/** The command line of `npm run bench:change`. */
import { choice, chosen, readFlags, whole } from "../command-line.ts";

export const SCENARIOS = ["propagation", "route-change", "scale", "tls", "failover"] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface ChangeOptions {
  readonly output: "table" | "json";
  readonly scenarios: readonly Scenario[];
  /** Hosts that are added one at a time. */
  readonly hosts: number;
  /** Route changes under traffic. */
  readonly iterations: number;
  /** Ingresses of the scale scenario, and how long they are churned. */
  readonly scale: number;
  readonly minutes: number;
  /** TLS hosts, of 16 paths each. */
  readonly tlsHosts: number;
  /** How often the endpoint of the failover scenario begins to refuse. */
  readonly flips: number;
  /** Whether the rendered nginx is measured, too. */
  readonly rendered: boolean;
}

export const CHANGE_USAGE = `npm run bench:change -- [--quick] [--minutes N] [--only NAME,NAME] [--sluice-only] [--output json]

gateway-api-bench in its Ingress form: how long changes take, and whether they cost a request, for Sluice and for an nginx whose
configuration is rendered and reloaded. Loopback only; everything that is started ends with it.

  --quick          a tenth of everything, in some minutes
  --minutes N      how long 5,000 Ingresses are churned (10)
  --only NAMES     ${SCENARIOS.join(", ")}
  --sluice-only    without the rendered nginx
  --output json    every measurement, not only the table
`;

const FLAGS = {
  quick: { type: "boolean", default: false },
  minutes: { type: "string" },
  only: { type: "string" },
  "sluice-only": { type: "boolean", default: false },
  output: { type: "string", default: "table" },
} as const;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseChangeOptions(argv: readonly string[]): ChangeOptions | "help" {
  const { values } = readFlags("bench:change", argv, FLAGS);
  if (values.help) return "help";
  const { quick } = values;
  return {
    output: choice("output", values.output, ["table", "json"]),
    scenarios: values.only === undefined ? SCENARIOS : chosen("only", values.only, SCENARIOS, "scenario"),
    hosts: quick ? 300 : 3000,
    iterations: quick ? 100 : 1000,
    scale: quick ? 500 : 5000,
    minutes: whole("minutes", values.minutes, quick ? 1 : 10, 600),
    tlsHosts: quick ? 250 : 2500,
    flips: quick ? 2 : 4,
    rendered: !values["sluice-only"],
  };
}
