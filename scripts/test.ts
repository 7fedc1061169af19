/**
 * Runs the tests: `npm test`, or `npm test -- FILE…` for some of them.
 *
 * Each test file has a process of its own; two more run at a time than there are processors, because tests wait for
 * something a third of their time. Those that take long come first. Test files that start nothing and leave nothing
 * behind share one process: loading the code costs them more than running.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Files at a time. Each may have an nginx, a controller and an API server. */
const AT_A_TIME = Math.min(availableParallelism(), 4) + 2;
/** The longest time for one file, and for one test. In the nightly run the fuzzer tries a million objects. */
const LIMIT_MS = process.env["NIGHTLY"] === "1" ? 5_400_000 : 300_000;
/** How the paths of tests that take long begin, those that take longest first: they must not be started last. */
const LONG: readonly string[] = [
  "test/setup.test.ts", "test/cases.test.ts", "test/nginx/random-changes.test.ts", "test/cluster/", "test/engine/watchdog.test.ts", "test/nginx/modsecurity", "test/dashboard/", "test/properties/", "test/fuzz/", "test/admission/", "test/engine/", "test/nginx/",
];

/** Signs in a file that it starts something, listens, changes the process, or has hooks that would hold for other files' tests. */
const NOT_SHARED = /from "node:(?:child_process|dgram|http|http2|https|net|tls|worker_threads)"|\b(?:before|after|beforeEach|afterEach)\(|process\.(?:env|argv|exitCode)\b.* = |mock\.(?:timers|method|module)/;

/** Whether a test file, with what it imports of test/, may share a process. */
function mayShare(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return true;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  if (NOT_SHARED.test(text)) return false;
  const imports = [...text.matchAll(/ from "(\.[^"]+\.ts)";/g)].map(([, path = ""]) => join(dirname(file), path));
  return imports.filter((path) => path.startsWith("test/")).every((path) => mayShare(path, seen));
}

/** When the newest of these files was written, in milliseconds; 0: there are none. */
function newest(pattern: string): number {
  return Math.max(0, ...globSync(pattern).map((file) => statSync(file).mtimeMs));
}

function rankOf(file: string): number {
  const rank = LONG.findIndex((start) => file.startsWith(start));
  return rank === -1 ? LONG.length : rank;
}

const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : globSync("test/**/*.test.ts").sort();
const shared = asked.length > 0 ? [] : files.filter((file) => mayShare(file));
const alone = files.filter((file) => !shared.includes(file)).sort((a, b) => rankOf(a) - rankOf(b));
const folder = mkdtempSync(join(tmpdir(), "sluice-together-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const together = join(folder, "together.test.ts");
writeFileSync(together, shared.map((file) => `import ${JSON.stringify(resolve(file))};\n`).join(""));
process.env["NODE_COMPILE_CACHE"] ??= resolve("node_modules/.cache/compiled");

// A build that is older than its sources fails in nginx, far from its cause.
if (newest("dashboard/src/**/*") > newest("dashboard/build/*")) execFileSync(process.execPath, ["scripts/build-dashboard.ts"], { stdio: "inherit" });
if (newest("edge/{src,stream}/**/*.ts") > newest("edge/build/*.lua")) execFileSync(process.execPath, ["scripts/build-edge.ts"], { stdio: "inherit" });
console.log(`${files.length} files of tests, ${shared.length} of them in one process`);
run({ files: [...(shared.length > 0 ? [together] : []), ...alone].map((file) => resolve(file)), concurrency: AT_A_TIME, timeout: LIMIT_MS })
  .on("test:fail", () => (process.exitCode = 1))
  .compose(spec)
  .pipe(process.stdout);
