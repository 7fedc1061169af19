/** The built command line: it is run while its sources are as they were, does what they do, and leads back to them. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { builtCopy } from "../support/built.ts";

let folder: string;
let project: string;
let remove: () => void;

before(() => {
  ({ folder, project, remove } = builtCopy());
});
after(() => remove());

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], { env = {}, command = join(project, "bin/sluice") }: { readonly env?: NodeJS.ProcessEnv; readonly command?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: project, encoding: "utf8", env: { PATH: process.env["PATH"], HOME: folder, ...env } });
  assert.notEqual(status, null, stderr);
  return { stdout, stderr };
}

/** Makes reading package.json fail. */
const SPOILT = "--import=data:text/javascript,JSON.parse=()=>{throw(new(Error)(`spoilt`))}";

/** What a start runs: the file's name tells. */
function ran(at = project, name = "sluice"): "built" | "sources" {
  const tell = "--import=data:text/javascript,process.on(`exit`,()=>console.error(process.argv[1]))";
  const { stdout, stderr } = run(["--version"], { command: join(at, "bin", name), env: { NODE_OPTIONS: tell } });
  assert.match(stdout, /^sluice \d/);
  const script = stderr.trim();
  assert.ok(/\.(?:ts|cjs)$/.test(script), script);
  return script.endsWith(".cjs") ? "built" : "sources";
}

/** Notes the files as they are, as the end of a build does. */
function record(): void {
  execFileSync("sh", ["-c", '. "$1/bin/sources.sh"; sources "$1" >"$1/bin/build/sources"', "sh", project]);
  assert.equal(ran(), "built");
}

test("it is run, and prints what the sources print", () => {
  record();
  for (const words of [["explain", "http://tomcat.lucky.com/", "--manifests=examples"], ["check", "examples"], ["get", "routes", "--manifests=examples", "-o", "yaml"], ["rbac"], ["--help"], ["explain", "--help"]]) {
    const built = run(words);
    const source = spawnSync(process.execPath, [join(project, "src/main.ts"), ...words], { cwd: project, encoding: "utf8" });
    assert.deepEqual(built, { stdout: source.stdout, stderr: source.stderr }, words.join(" "));
    assert.notEqual(built.stdout + built.stderr, "");
  }
});

test("the plugin's name is its own, and its help speaks of kubectl", () => {
  record();
  assert.equal(ran(project, "kubectl-sluice"), "built");
  assert.match(run(["--help"], { command: join(project, "bin/kubectl-sluice") }).stdout, /kubectl sluice COMMAND/);
});

const VERSION = "src/support/version.ts";

/** What makes the build another than that of the sources. Each gives what undoes it. */
const CHANGES: Readonly<Record<string, () => () => void>> = {
  "an edit that leaves size and time of modification as they were": () => {
    const file = join(project, VERSION);
    const { atime, mtime } = statSync(file);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace('"utf8"', '"UTF8"'));
    utimesSync(file, atime, mtime);
    return () => writeFileSync(file, text);
  },
  "a source that takes the place of another": () => {
    const file = join(project, VERSION);
    cpSync(file, `${file}.other`, { preserveTimestamps: true });
    renameSync(`${file}.other`, file);
    return () => {};
  },
  "a new source": () => {
    writeFileSync(join(project, "src/new.ts"), "");
    return () => rmSync(join(project, "src/new.ts"));
  },
  "a source that is gone": () => {
    const file = join(project, "src/kubectl-sluice.ts");
    renameSync(file, `${file}.gone`);
    return () => renameSync(`${file}.gone`, file);
  },
  "another package.json": () => {
    appendFileSync(join(project, "package.json"), "\n");
    return () => {};
  },
  "a build that lost its end": () => {
    const file = join(project, "bin/build/start.cjs");
    const text = readFileSync(file);
    truncateSync(file, 1000);
    return () => writeFileSync(file, text);
  },
  "a build that somebody else wrote over": () => {
    const file = join(project, "bin/build/main.cjs");
    const text = readFileSync(file);
    writeFileSync(file, "console.log('foreign')");
    return () => writeFileSync(file, text);
  },
  "a record that lost its end": () => {
    truncateSync(join(project, "bin/build/sources"), 1000);
    return () => {};
  },
  "an empty record": () => {
    truncateSync(join(project, "bin/build/sources"), 0);
    return () => {};
  },
  "no record": () => {
    rmSync(join(project, "bin/build/sources"));
    return () => {};
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`the sources are run after ${what}`, () => {
    record();
    const undo = change();
    try {
      assert.equal(ran(), "sources");
    } finally {
      undo();
    }
  });
}

test("the sources are run in a copy of the folder, and the build where a copy is installed", () => {
  record();
  const copy = join(folder, "copy");
  cpSync(project, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  assert.equal(ran(copy), "sources");
  symlinkSync(process.execPath, join(copy, "bin/node"));
  assert.equal(ran(copy), "built");
});

test("an error of ours is shown where it is in the sources", () => {
  record();
  const line = readFileSync(join(project, VERSION), "utf8").split("\n").findIndex((text) => text.includes("JSON.parse")) + 1;
  const { stderr } = run(["--version"], { env: { NODE_OPTIONS: SPOILT, SLUICE_DEBUG: "1" } });
  assert.ok(stderr.includes(`${join(project, VERSION)}:${line}:`), stderr);
  assert.match(stderr, /at main \(.*\/src\/main\.ts:\d+:/);
  assert.doesNotMatch(run(["--version"], { env: { NODE_OPTIONS: SPOILT } }).stderr, /\n +at /);
});

test("a folder where nothing can be written is fine, and nothing is said of it", () => {
  record();
  const { stdout, stderr } = run(["--version"], { env: { HOME: "/proc/nowhere" } });
  assert.deepEqual([stdout.startsWith("sluice "), stderr], [true, ""]);
});
