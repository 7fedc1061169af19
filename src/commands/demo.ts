/**
 * `sluice demo`: serves the walk-through of `examples/`, or any folder, with backends of its own. It says what to try, and
 * how soon each edit of a file is live. It needs no cluster and no privileges, and leaves nothing behind.
 */
import { existsSync, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { demoBackends, type Backends } from "../demo/backends.ts";
import { isWalkthrough, questions } from "../demo/folder.ts";
import { reportChanges, type ChangeReport } from "../demo/changes.ts";
import { RELEASES_FILE, releasesAdvice, visitReleases } from "../demo/releases.ts";
import { curlLine, expectation, WALKTHROUGH, type Reach } from "../demo/walkthrough.ts";
import { selfSigned } from "../engine/agent/default-certificate.ts";
import { CONTROLLER_LOCK, takeLock } from "../engine/locks.ts";
import { DEMO_RUNTIME_DIR, EXAMPLES_DIR } from "../engine/paths.ts";
import { buildModel } from "../model/build/build.ts";
import { DEFAULT_CONFIG } from "../model/config/defaults.ts";
import { helpFor, parseSettings, type CommandLine, type Settings } from "../settings.ts";
import { FLAGS } from "../settings/table.ts";
import { createLog, type Log } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { untilSignal } from "./run.ts";
import { startServing, type Serving } from "./serving.ts";
import { openSource } from "./sources.ts";

const READY_MS = 30_000;
/** The Secret that examples/tomcat.yaml refers to. */
const SECRET = { namespace: "default", name: "tomcat-ingress-secret", host: "tomcat.lucky.com" };

export async function demoCommand(argv: readonly string[]): Promise<void> {
  const given = parseSettings(argv, "demo");
  if (given.help) return void process.stdout.write(helpFor("demo"));
  process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"));
  const ending = new AbortController();
  const stopped = untilSignal().then(() => {
    say("\nStopping.");
    ending.abort();
  });
  const folder = prepareFolder(argv, given);
  const chosen = [...given.manifests, ...given.arguments];
  const shown: Shown = { folders: chosen.length > 0 ? chosen : [EXAMPLES_DIR], walkthrough: isWalkthrough(chosen[0] ?? EXAMPLES_DIR) };
  const settings = settingsFor(argv, given, shown, folder.path);
  const backends = demoBackends({ notFound: settings.defaultBackendService.split("/")[1] ?? "", standIns: settings.standIns });
  try {
    if (shown.walkthrough) writeSecret(folder.path);
    say(`Starting nginx with the files of ${shown.folders.map(shownPath).join(" and ")}.`);
    const serving = await serve(settings, shown, backends, ending.signal).catch((error: Error) => {
      if (ending.signal.aborted) return undefined;
      throw error;
    });
    if (serving) {
      say(introduction(settings, shown, serving));
      if (shown.walkthrough) visitReleases({ statuses: serving.rollouts.statuses, reach: reachOf(settings), signal: ending.signal });
      await stopped;
      await serving.stop();
    }
  } finally {
    ending.abort();
    await backends.close();
    folder.remove();
  }
}

interface Shown {
  readonly folders: readonly string[];
  /** Whether the folder is that of the walk-through. */
  readonly walkthrough: boolean;
}

/**
 * Adds to the walk-through its Secret, which is not among its files, and its default backend. Other folders only have
 * the default backend that a flag names.
 */
function settingsFor(argv: readonly string[], given: CommandLine, { folders, walkthrough }: Shown, runtimeDir: string): Settings {
  const asked = argv.some((word) => /^--?default-backend-service\b/.test(word));
  const defaultBackendService = walkthrough || asked ? given.defaultBackendService : "";
  return { ...given, defaultBackendService, runtimeDir, stateDir: given.stateDir || stateFolder(runtimeDir), manifests: walkthrough ? [...folders, `${runtimeDir}/demo`] : folders };
}

/** The runtime folder, locked for this process; `remove` takes away what the demo made. */
function prepareFolder(argv: readonly string[], given: CommandLine): { path: string; remove: () => void } {
  const chosen = argv.some((word) => /^--?runtime-dir\b/.test(word));
  const path = chosen ? given.runtimeDir : DEMO_RUNTIME_DIR;
  const existed = existsSync(path);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  if (lstatSync(path).uid !== process.getuid?.()) {
    throw new UserError(`The folder ${path} belongs to another user: choose one with --runtime-dir.`);
  }
  takeLock(`${path}/${CONTROLLER_LOCK}`, "demo");
  const made = chosen && existed ? [`${path}/demo`, stateFolder(path)] : [path];
  return { path, remove: () => made.forEach((one) => rmSync(one, { recursive: true, force: true })) };
}

/** Of the releases that the demo shows: not where its manifests are, which are all read. */
function stateFolder(runtimeDir: string): string {
  return `${runtimeDir}/demo-state`;
}

/** Makes the Secret as a manifest in the runtime folder, so that no private key lies in the project. */
function writeSecret(runtimeDir: string): void {
  const { certificate, key } = selfSigned(new Date(), SECRET.host);
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  const manifest = `apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: ${SECRET.name}
  namespace: ${SECRET.namespace}
data:
  tls.crt: ${encoded(certificate)}
  tls.key: ${encoded(key)}
`;
  mkdirSync(`${runtimeDir}/demo`, { recursive: true, mode: 0o700 });
  writeFileSync(`${runtimeDir}/demo/secret.yaml`, manifest, { mode: 0o600 });
  writeFileSync(certificateFile(runtimeDir), certificate);
}

function certificateFile(runtimeDir: string): string {
  return `${runtimeDir}/${SECRET.host}.crt`;
}

interface Served extends Serving {
  /** What to ask, line by line. */
  questions(reach: Reach): string[];
}

/** Resolves when every worker serves the folders and every backend answers. Rejects when `signal` aborts first; then everything has ended. */
async function serve(settings: Settings, { folders }: Shown, backends: Backends, signal: AbortSignal): Promise<Served> {
  const log = ofFindings(createLog({ level: settings.logLevel, output: settings.output }), settings);
  const source = openSource(settings, log);
  const complain = (error: Error): void => log("error", error.message);
  let report: ChangeReport | undefined;
  const waiting = tellWaiting(signal);
  const serving = await startServing(settings, source, log, {
    signal,
    turned: (parts, milliseconds) => {
      if (!report) return;
      backends.follow(source.snapshot).catch(complain);
      report.turned(parts.size, milliseconds).catch(complain);
    },
  }).catch((error: Error) => {
    waiting.end();
    throw error;
  });
  try {
    waiting.for(() => "the backends of the examples");
    await backends.follow(source.snapshot);
    waiting.for(() => `nginx's workers: ${serving.engine.state.behind.join(", ") || "none is there yet"}`);
    await programmed(serving, signal);
  } catch (error) {
    waiting.end();
    await serving.stop();
    throw error;
  }
  waiting.end();
  const { engine, controller, rollouts } = serving;
  report = reportChanges({
    folders, progress: () => engine.state, findings: () => controller.findings(), besides: weightsChanged(rollouts.statuses), print: say, signal,
  });
  lookAtFiles(report, complain, signal);
  return { ...serving, questions: (reach) => questions(buildModel(source.snapshot, settings, DEFAULT_CONFIG).model, reach) };
}

/** The log without lines of level info, but for those about findings (that one is mended, above all) and releases. */
function ofFindings(log: Log, { logLevel }: Settings): Log {
  return (level, message, fields, heading) => {
    if (level !== "info" || logLevel !== "info" || fields?.["finding"] !== undefined || fields?.["rollout"] !== undefined) log(level, message, fields, heading);
  };
}

/** Says whether releases give their canaries something else than the last time. */
function weightsChanged(statuses: Serving["rollouts"]["statuses"]): () => string | undefined {
  const weights = (): string => statuses().map(({ ingress, weight }) => `${ingress} ${weight}`).join();
  let known = weights();
  return () => {
    const before = known;
    known = weights();
    return known === before ? undefined : "the weight of a canary";
  };
}

const TELL_MS = 2000;

/** Says every two seconds what the start is waiting for. */
function tellWaiting(signal: AbortSignal): { for(what: () => string): void; end(): void } {
  let current = (): string => "nginx to start";
  const telling = setInterval(() => say(`… waiting for ${current()}`), TELL_MS);
  signal.addEventListener("abort", () => clearInterval(telling), { once: true });
  return {
    for: (what) => void (current = what),
    end: () => clearInterval(telling),
  };
}

/** How often files are looked at: far less often than a written file takes to be read. */
const LOOK_MS = 1000;

function lookAtFiles(report: ChangeReport, complain: (error: Error) => void, signal: AbortSignal): void {
  const looking = setInterval(() => {
    try {
      report.look();
    } catch (error) {
      complain(error as Error);
    }
  }, LOOK_MS);
  signal.addEventListener("abort", () => clearInterval(looking), { once: true });
}

async function programmed({ engine }: Serving, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const { observed, programmed: done, refused, behind } = engine.state;
    signal.throwIfAborted();
    if (observed > 0 && done >= observed) return;
    if (refused !== undefined) throw new UserError(`nginx refuses its configuration: ${refused}`);
    if (Date.now() > deadline) throw new UserError(`nginx did not become ready within ${READY_MS / 1000} s: waiting for ${behind.join(", ")}.`);
    await sleep(5);
  }
}

function introduction(settings: Settings, { folders, walkthrough }: Shown, { engine, questions: ask }: Served): string {
  const folder = shownPath(folders[0] ?? "");
  const where = reachOf(settings);
  const { address } = where;
  const lines = walkthrough
    ? walkthroughLines(folder, { ...where, certificate: certificateFile(settings.runtimeDir) })
    : ask(where);
  return [
    `Sluice serves ${folders.map(named).join(" and ")} at http://${address}:${where.http} and https://${address}:${where.https}, with ${engine.state.workers} nginx workers.`,
    ...(lines.length > 0 ? ["Try these in another terminal:", ...lines] : ["No Ingress in it is served: the findings above say why, or there is none."]),
    "",
    ...(walkthrough ? walkthroughAdvice(folder, settings) : [`Edit the files in ${folders.map(named).join(" and ")} and see each change go live.`]),
    "",
    ...(settings.dashboard ? ["See what is served, and what happens, in a browser:", `  http://127.0.0.1:${settings.healthzPort}/dashboard/`, ""] : []),
    "See each request as it ends, and why Sluice answered some itself:",
    `  bin/sluice logs -f${askingFlags(settings)}`,
    "",
    `Health and metrics: http://127.0.0.1:${settings.healthzPort}/readyz and /metrics. Ctrl-C ends everything.`,
    "",
  ].join("\n");
}

function reachOf({ bindAddress, httpPort, httpsPort }: Settings): Reach {
  return { address: bindAddress[0] ?? "127.0.0.1", http: httpPort, https: httpsPort };
}

/** By which commands find this demo. */
function askingFlags({ healthzPort }: Settings): string {
  return healthzPort === FLAGS.healthzPort.default ? "" : ` --healthz-port=${healthzPort}`;
}

/** The path as people see it, a folder with a slash behind it. */
function named(path: string): string {
  return statSync(path).isDirectory() ? `${shownPath(path)}/` : shownPath(path);
}

/** The path, relative where it lies below the current folder. */
function shownPath(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path === "" ? "." : path.startsWith("..") ? resolve(folder) : path;
}

function walkthroughLines(folder: string, reach: Reach): string[] {
  return WALKTHROUGH.flatMap(({ title, file, cases }) => [
    "",
    `${title} (${folder}/${file})`,
    ...cases.flatMap((one) => [`  # ${one.title}: ${expectation(one)}`, `  ${curlLine(one, reach)}`]),
  ]);
}

function walkthroughAdvice(folder: string, settings: Settings): string[] {
  const asking = askingFlags(settings);
  const releases = existsSync(`${folder}/${RELEASES_FILE}`) ? ["", ...releasesAdvice(folder, { asking, changing: `${asking} --runtime-dir=${settings.runtimeDir}` })] : [];
  return [
    "Why did a request go where it went?",
    `  bin/sluice explain http://canary-service.abc.com/ -H 'test: always' --manifests=${folder}`,
    "",
    `Edit the files in ${folder}/ and see each change go live, for example:`,
    `  sed -i 's/canary-weight: "30"/canary-weight: "100"/' ${folder}/canary/weight-header-cookie.yaml`,
    ...releases,
  ];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
