/** A run of the official suite inside a ground, with an options file of its own. */
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../src/support/version.ts";
import { profileName } from "./catalogue.ts";
import type { Ground } from "./ground.ts";
import type { Profile } from "./options.ts";
import { currentTest, readResults, setUpComplaint, type TestResult } from "./results.ts";

export const CLASS = "sluice";

export interface SuiteRun {
  readonly ground: Ground;
  /** Path of the suite's program. */
  readonly suite: string;
  readonly profiles: readonly Profile[];
  readonly features: readonly string[];
  /** One test alone. */
  readonly runTest: string | undefined;
  /** File for the official report. */
  readonly report: string | undefined;
  /** How many tests will say something. */
  readonly count: number;
  readonly say: (line: string) => void;
}

const PROGRESS_MS = 10_000;
const LOG = "suite.log";

/** Shorter than the suite's own, which allow for clouds: here nothing is further away than this machine. */
const TIMEOUTS = {
  gatewayMustHaveAddress: "30s", gatewayMustHaveCondition: "30s", gatewayStatusMustHaveListeners: "30s", gatewayListenersMustHaveConditions: "30s",
  listenerSetMustHaveCondition: "30s", listenerSetListenersMustHaveConditions: "30s", gwcMustBeAccepted: "30s", httpRouteMustNotHaveParents: "30s",
  httpRouteMustHaveCondition: "30s", tlsRouteMustHaveCondition: "30s", tcpRouteMustHaveCondition: "30s", udpRouteMustHaveCondition: "30s", routeMustHaveParents: "30s",
  latestObservedGenerationSet: "30s", namespacesMustBeReady: "120s", deleteTimeout: "30s",
};

/** Resolves with the results when the suite has ended. Rejects when it did not begin. */
export async function runSuite({ ground, suite, profiles, features, runTest, report, count, say }: SuiteRun): Promise<readonly TestResult[]> {
  const options = join(ground.folder, "suite-options.yaml");
  const reportInside = join(ground.folder, "report.yaml");
  writeFileSync(options, JSON.stringify({
    gatewayClassName: CLASS,
    conformanceProfiles: profiles.map(profileName),
    supportedFeatures: features,
    // The namespaces end with all that is in them.
    cleanupBaseResources: false,
    timeoutConfig: TIMEOUTS,
    usableNetworkAddresses: [{ type: "IPAddress", value: "10.245.255.1" }],
    // Of a network for documentation, which nobody has (RFC 5737).
    unusableNetworkAddresses: [{ type: "IPAddress", value: "198.51.100.7" }],
    reportOutputPath: reportInside,
    implementation: { organization: "sluice", project: "sluice", url: "https://example.com/sluice", version: `v${version()}`, contact: ["https://example.com/sluice"] },
    ...(runTest === undefined ? {} : { runTest }),
  }));
  const running = ground.start({
    command: suite, args: ["-test.v=test2json", "-test.run", "^TestConformance$", "-conformance-options-file", options], env: { KUBECONFIG: ground.kubeconfigInside }, log: LOG,
  });
  const progress = setInterval(() => say(progressLine(running.log(), count)), PROGRESS_MS);
  try {
    await running.ended;
  } finally {
    clearInterval(progress);
  }
  const results = readResults(running.log());
  if (results.length === 0) throw new Error(`the suite did not begin: ${setUpComplaint(running.log()) ?? running.log().trim().split("\n").at(-1)}`);
  if (report !== undefined && existsSync(reportInside)) copyFileSync(reportInside, report);
  return results;
}

function progressLine(log: string, count: number): string {
  const results = readResults(log).filter(({ outcome }) => outcome !== "skipped");
  const now = currentTest(log);
  if (now === undefined) return "suite: waiting until all pods are ready and all Gateways are programmed";
  return `suite: ${results.length} of at most ${count} tests done, ${results.filter(({ outcome }) => outcome === "fails").length} failed; now ${now}`;
}
