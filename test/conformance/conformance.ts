/**
 * `npm run conformance`: the Gateway API's own suite against a real Sluice beside a real, current API server.
 *
 * Everything runs in namespaces of its own and ends with the run. Exit code 1: a test is not as expected, or nothing could be run.
 */
import { runCommand } from "../../bench/command.ts";
import { interrupted, interruptedOnce } from "../../bench/ending.ts";
import { table } from "../../bench/report.ts";
import { needFolder } from "../../bench/tools.ts";
import { UserError } from "../../src/support/user-error.ts";
import { dirname, resolve } from "node:path";
import { featuresFor, readCatalogue, testsOf, type SuiteTest } from "./catalogue.ts";
import { EXPECTED } from "./expected.ts";
import { startGatewaySluice } from "./gateway-sluice.ts";
import { machineLacks, startGround, type Ground } from "./ground.ts";
import { CONFORMANCE_USAGE, parseConformanceOptions, type ConformanceOptions } from "./options.ts";
import { judge, remarkOn, type Verdict } from "./results.ts";
import { runSuite } from "./suite.ts";
import { buildTools, GATEWAY_API, KUBERNETES, type Tools } from "./tools.ts";

const say = (line: string): void => void process.stderr.write(`conformance: ${line}\n`);

async function run(options: ConformanceOptions): Promise<void> {
  const interruption = interruptedOnce().then(() => say("interrupted: ending what was started"));
  let ground: Ground | undefined;
  const work = async (): Promise<void> => {
    const tools = await buildTools(say, interrupted);
    if (options.buildOnly) return say("everything is built");
    const tests = testsToRun(options, tools);
    say(`kube-apiserver ${KUBERNETES}, Gateway API ${GATEWAY_API}: ${options.runTest ?? `${options.profiles.join(", ")}, ${tests.length} tests`}`);
    ground = await startGround({ signal: interrupted });
    const claimed = await startGatewaySluice(ground);
    const features = featuresFor(readCatalogue(tools.catalogue), options.profiles, claimed);
    const results = await runSuite({ ...options, ground, suite: tools.suite, features, count: tests.length, say });
    print(options, judge(tests, results, EXPECTED));
  };
  const working = work();
  try {
    await Promise.race([working, interruption]);
  } catch (error) {
    if (!interrupted.aborted) throw error instanceof UserError ? error : new UserError(error instanceof Error ? error.message : String(error));
  } finally {
    if (ground && options.keep !== undefined) ground.keep(options.keep);
    await ground?.stop();
    // Interrupted, it fails in what it was waiting for, and has removed then what it had begun.
    await working.catch(() => {});
    if (interrupted.aborted) process.exit(130);
  }
}

function testsToRun({ runTest, profiles }: ConformanceOptions, tools: Tools): readonly SuiteTest[] {
  const catalogue = readCatalogue(tools.catalogue);
  if (runTest === undefined) return testsOf(catalogue, profiles);
  const one = catalogue.tests.filter(({ name }) => name === runTest);
  if (one.length === 0) throw new UserError(`The suite has no test ${runTest}: its names are those in test/conformance/expected.ts`);
  return one;
}

function print({ output }: ConformanceOptions, verdicts: readonly Verdict[]): void {
  const wrong = verdicts.filter(({ asExpected }) => !asExpected);
  process.exitCode = wrong.length > 0 ? 1 : 0;
  if (output === "json") {
    const tests = verdicts.map(({ result, ...verdict }) => ({ ...verdict, outcome: result?.outcome, seconds: result?.seconds, complaints: result?.complaints }));
    return void process.stdout.write(`${JSON.stringify({ kubernetes: KUBERNETES, gatewayApi: GATEWAY_API, tests }, null, 2)}\n`);
  }
  const rows = verdicts.map((verdict) => [verdict.name, verdict.expected?.is ?? "", verdict.result?.outcome ?? "", verdict.result?.seconds.toFixed(1) ?? "", remarkOn(verdict)]);
  const count = (outcome: string): number => verdicts.filter(({ result }) => result?.outcome === outcome).length;
  process.stdout.write(`${table([["test", "expected", "result", "seconds", "remark"], ...rows]).join("\n")}\n\n`);
  process.stdout.write(`${count("passes")} pass, ${count("fails")} fail, ${count("skipped")} are skipped; ${wrong.length} are not as expected\n`);
}

await runCommand<ConformanceOptions>({
  name: "conformance",
  usage: CONFORMANCE_USAGE,
  parse: parseConformanceOptions,
  needs({ buildOnly, report, keep }) {
    if (report !== undefined) needFolder("report", dirname(resolve(report)));
    if (keep !== undefined) needFolder("keep", keep);
    const lacks = buildOnly ? undefined : machineLacks();
    if (lacks !== undefined) throw new UserError(`The test ground cannot start: ${lacks}`);
    return [];
  },
  run,
});
