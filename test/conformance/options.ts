/** The command line of `npm run conformance`. */
import { choice, chosen, readFlags } from "../../bench/command-line.ts";

export const PROFILES = ["http", "grpc", "tls", "tcp", "udp"] as const;
export type Profile = (typeof PROFILES)[number];

export interface ConformanceOptions {
  readonly buildOnly: boolean;
  readonly profiles: readonly Profile[];
  /** This test of the suite alone. */
  readonly runTest: string | undefined;
  /** File for the official report. */
  readonly report: string | undefined;
  /** Folder for the logs of all parts. */
  readonly keep: string | undefined;
  readonly output: "table" | "json";
}

export const CONFORMANCE_USAGE = `npm run conformance -- [--build-only] [--profile NAME,NAME] [--run-test NAME] [--report FILE] [--keep FOLDER] [--output json]

The Gateway API's own conformance suite against a real Sluice, beside a real, current API server: in namespaces of their own,
which need root. The programs are built once, which takes a quarter of an hour. Exit code 1 when a test does not do what
test/conformance/expected.ts says.

  --build-only       build the programs, and end
  --profile NAMES    these profiles, between commas (${PROFILES.join(", ")}; http without it)
  --run-test NAME    one test of the suite, whatever the profiles
  --report FILE      the suite's report, as it is sent to the Gateway API's project
  --keep FOLDER      copy the logs of all parts there
  --output json      results as JSON, not as a table
`;

const FLAGS = {
  "build-only": { type: "boolean", default: false },
  profile: { type: "string", default: "http" },
  "run-test": { type: "string" },
  report: { type: "string" },
  keep: { type: "string" },
  output: { type: "string", default: "table" },
} as const;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense */
export function parseConformanceOptions(argv: readonly string[]): ConformanceOptions | "help" {
  const { values } = readFlags("conformance", argv, FLAGS);
  if (values.help) return "help";
  return {
    buildOnly: values["build-only"],
    profiles: chosen("profile", values.profile, PROFILES, "profile"),
    runTest: values["run-test"],
    report: values.report,
    keep: values.keep,
    output: choice("output", values.output, ["table", "json"]),
  };
}
