/**
 * The programs of the test ground: kube-apiserver, the Gateway API's suite and its echo server.
 *
 * Guarantees: they are built from the two Go modules in `tools/` by the ordinary Go client, once for each content of
 * these modules, into the user's cache; a folder of the cache is whole or not there. Nothing is built by asking what is missing.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants, homedir, setPriority, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { UserError } from "../../src/support/user-error.ts";
import { findEtcd, NO_ETCD, unpackEtcd } from "./etcd.ts";

const MODULES = join(import.meta.dirname, "tools");
const LEAST_GO = [1, 26] as const;
const PROGRESS_MS = 10_000;
/** Beside what is built, so that programs of one checkout are not taken for another's. */
const GO_ENV = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" };

/** Versions as the modules require them: `v1.37.2`. */
export const KUBERNETES = required("apiserver", "k8s.io/kubernetes");
export const GATEWAY_API = required("suite", "sigs.k8s.io/gateway-api/conformance");

/** Paths of programs, of the folder of CRDs, and of the list of the suite's tests. */
export interface Tools {
  readonly etcd: string;
  readonly apiserver: string;
  readonly echo: string;
  readonly suite: string;
  readonly crds: string;
  readonly catalogue: string;
}

type Built = Omit<Tools, "etcd">;

interface Step {
  readonly what: string;
  readonly module: string;
  readonly args: (folder: string) => readonly string[];
}

const [major, minor] = KUBERNETES.slice(1).split(".");
const VERSION_FLAGS = Object.entries({ gitVersion: KUBERNETES, gitMajor: major, gitMinor: minor })
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);

const APISERVER_STEPS: readonly Step[] = [{
  what: `kube-apiserver ${KUBERNETES}`, module: "apiserver",
  args: (folder) => [
    "build", "-v", "-trimpath", "-tags", "selinux,notest,providerless", "-ldflags", ["-s -w", ...VERSION_FLAGS].join(" "), "-o", join(folder, "kube-apiserver"), "k8s.io/kubernetes/cmd/kube-apiserver",
  ],
}];
const SUITE_STEPS: readonly Step[] = [
  { what: `the echo server of the Gateway API ${GATEWAY_API}`, module: "suite", args: (folder) => ["build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", join(folder, "echo-basic"), "sigs.k8s.io/gateway-api/conformance/echo-basic"] },
  { what: `the suite of the Gateway API ${GATEWAY_API}`, module: "suite", args: (folder) => ["test", "-c", "-trimpath", "-ldflags", "-s -w", "-o", join(folder, "conformance.test"), "."] },
];

function required(module: string, path: string): string {
  const text = readFileSync(join(MODULES, module, "go.mod"), "utf8");
  const found = text.split("\n").find((line) => line.startsWith(`require ${path} v`))?.split(" ")[2];
  if (found === undefined) throw new Error(`${module}/go.mod requires no ${path}`);
  return found;
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sluice/conformance");
}

/** The folder of a module's programs: named by the version, and by the digest of what they are built from. */
function folderOf(name: string, module: string, steps: readonly Step[]): string {
  const hash = createHash("sha256").update(JSON.stringify(steps.map(({ args }) => args(""))));
  for (const file of globSync("*", { cwd: join(MODULES, module) }).sort()) hash.update(`\0${file}\0`).update(readFileSync(join(MODULES, module, file)));
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
}

function places(): { readonly apiserver: string; readonly suite: string } {
  return {
    apiserver: folderOf(`kubernetes-${KUBERNETES}`, "apiserver", APISERVER_STEPS),
    suite: folderOf(`gateway-api-${GATEWAY_API}`, "suite", SUITE_STEPS),
  };
}

function pathsIn({ apiserver, suite }: ReturnType<typeof places>): Built {
  return {
    apiserver: join(apiserver, "kube-apiserver"), echo: join(suite, "echo-basic"), suite: join(suite, "conformance.test"), crds: join(suite, "crds"), catalogue: join(suite, "catalogue.json"),
  };
}

/** The tools, as far as they are there: a sentence says what is not. */
export function findTools(): Tools | string {
  const built = pathsIn(places());
  if (!Object.values(built).every((path) => existsSync(path))) return 'the programs are not built: run "npm run conformance -- --build-only"';
  const etcd = findEtcd(cacheFolder());
  return etcd === undefined ? NO_ETCD : { etcd, ...built };
}

/** Builds what is not built. @throws UserError with one sentence for what is missing */
export async function buildTools(say: (line: string) => void, signal: AbortSignal): Promise<Tools> {
  const { apiserver, suite } = places();
  if (!existsSync(apiserver) || !existsSync(suite)) needGo();
  unpackEtcd(cacheFolder());
  await inNewFolder(suite, async (folder) => {
    for (const step of SUITE_STEPS) await build(step, folder, say, signal);
    copyCrds(join(folder, "crds"));
    listTests(folder);
  });
  await inNewFolder(apiserver, async (folder) => {
    for (const step of APISERVER_STEPS) await build(step, folder, say, signal);
  });
  const tools = findTools();
  if (typeof tools === "string") throw new UserError(`The test ground cannot start: ${tools}`);
  return tools;
}

function needGo(): void {
  const { stdout, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: tmpdir(), env: { ...process.env, GOTOOLCHAIN: "local" } });
  const needed = `Building kube-apiserver ${KUBERNETES} and the suite needs Go ${LEAST_GO.join(".")} or later`;
  if (error) throw new UserError(`${needed}, and there is no go in the PATH`);
  const [first = 0, second = 0] = /^go(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  if (first > LEAST_GO[0] || (first === LEAST_GO[0] && second >= LEAST_GO[1])) return;
  throw new UserError(`${needed}, and the go in the PATH is ${stdout.trim()}`);
}

/** Fills a folder and gives it its name when it is whole. */
async function inNewFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  mkdirSync(cacheFolder(), { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(`${path}.`);
  try {
    await fill(folder);
    // Another run may have been quicker.
    if (!existsSync(path)) renameSync(folder, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build({ what, module, args }: Step, folder: string, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const child = spawn("go", args(folder), { cwd: join(MODULES, module), env: { ...process.env, ...GO_ENV }, stdio: ["ignore", "ignore", "pipe"], signal });
  // Whoever works at this machine meanwhile comes first.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const since = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - since) / 1000)} s`;
  const progress = setInterval(() => say(`building ${what}: ${progressIn(text)}${seconds()}`), PROGRESS_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
    if (code !== 0) throw new UserError(whyNot(what, text));
    say(`built ${what} in ${seconds()}`);
  } finally {
    clearInterval(progress);
  }
}

/** `go build -v` prints a line for each package that it compiles, and its other lines hold spaces; `go test -c` tells nothing. */
function progressIn(text: string): string {
  const packages = text.split("\n").filter((line) => /^[^\s:]+$/.test(line)).length;
  return packages === 0 ? "" : `${packages} packages compiled, `;
}

const NO_NETWORK = /dial tcp|no such host|server misbehaving|i\/o timeout|proxyconnect|connection refused|network is unreachable|TLS handshake|module lookup disabled/;

function whyNot(what: string, text: string): string {
  const told = text.split("\n").filter((line) => line.includes(" "));
  const unreachable = told.find((line) => NO_NETWORK.test(line));
  if (unreachable !== undefined) return `Go could not fetch a module for ${what}, which needs the network once: ${unreachable.trim()}`;
  return `Go could not build ${what}: ${told.slice(0, 5).join(" ").trim() || "it said nothing"}`;
}

/** The CRDs of the experimental channel, from the module that the suite was built with. */
function copyCrds(to: string): void {
  const from = join(go(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api"]), "config/crd/experimental");
  mkdirSync(to);
  for (const file of readdirSync(from)) {
    if (file.includes(".k8s.io_") || file.includes("x-k8s.io_")) writeFileSync(join(to, basename(file)), readFileSync(join(from, file)));
  }
}

function listTests(folder: string): void {
  const { status, stdout } = spawnSync(join(folder, "conformance.test"), ["-test.run", "^TestCatalogue$"], {
    encoding: "utf8", cwd: folder, env: { ...process.env, CATALOGUE: join(folder, "catalogue.json") },
  });
  if (status !== 0) throw new UserError(`The suite of the Gateway API cannot say which tests it has: ${stdout.trim()}`);
}

function go(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("go", args, { encoding: "utf8", cwd: join(MODULES, "suite"), env: { ...process.env, ...GO_ENV } });
  if (status !== 0) throw new UserError(`"go ${args.join(" ")}" failed: ${stderr.trim()}`);
  return stdout.trim();
}
