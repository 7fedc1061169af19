/**
 * The set-up with every npm that people have: 9 and 10 (which forget a program that two packages have), 11, one that is too
 * old, none; and with a registry that is silent or not there. The set-up's scripts, npm and the packages of Node are real; of
 * the project there is only what they need, in a folder with a blank in its name.
 */
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "./support/sluice.ts";

const run = promisify(execFile);
const SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
let folder: string;

before(() => {
  folder = mkdtempSync("/var/tmp/sluice-setup-");
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Locked {
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

/**
 * Makes a project whose only packages are those of Node. Its builds write the version of the Node that runs them.
 * @param more the beginning of the folders of further optional packages.
 */
function project(more = "no others"): string {
  const path = join(mkdtempSync(join(folder, "p")), "a path");
  for (const one of ["scripts/setup.sh", "scripts/install-npm-packages.sh", ".npmrc", "bin/sources.sh"]) cpSync(join(ROOT, one), join(path, one));
  for (const one of ["edge/src/main.ts", "edge/stream/endpoint.ts", "edge/package.json", "edge/tsconfig.json", "scripts/build-edge.ts", "dashboard/src/main.tsx", "scripts/build-dashboard.ts"]) {
    cpSync(join(ROOT, one), join(path, one));
  }
  const { name, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, object>;
  const build = `node -e "fs.mkdirSync('edge/build', { recursive: true }); fs.writeFileSync('edge/build/sluice.lua', process.version)"`;
  const page = `node -e "fs.mkdirSync('dashboard/build', { recursive: true }); fs.writeFileSync('dashboard/build/index.html', process.version)"`;
  const command = `mkdir -p bin/build; . bin/sources.sh; sources . >bin/build/sources`;
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Locked;
  const chosen = Object.entries(lock.packages).filter(([at]) => ["node_modules/node-linux-", more].some((beginning) => at.startsWith(beginning)));
  const optionalDependencies = Object.fromEntries(chosen.map(([at, one]) => [at.slice("node_modules/".length), one.version]));
  writeFileSync(join(path, "package.json"), JSON.stringify({ name, version, optionalDependencies, scripts: { "build:edge": build, "build:dashboard": page, "build:command": command } }));
  assert.ok(chosen.length >= 2);
  writeFileSync(join(path, "package-lock.json"), JSON.stringify({ ...lock, packages: { "": { name, version, optionalDependencies }, ...Object.fromEntries(chosen) } }));
  return path;
}

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function setup(path: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(join(path, "scripts/setup.sh"), { stdio: ["ignore", "pipe", "pipe"], env: { ...outside(), ...env } });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.once("close", (code) => resolve({ code, said }));
  });
}

/** The environment without the variables that `npm run` sets for its scripts. */
function outside(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE$|^NODE_TEST|^INIT_CWD$/.test(name)));
}

/** Fetches a package from the registry that npm is set up with, unpacks it, and gives its folder. */
async function unpacked(name: string): Promise<string> {
  const to = join(folder, name);
  if (existsSync(to)) return to;
  mkdirSync(to);
  const env = { ...outside(), PATH: SYSTEM };
  const { stdout } = await run("npm", ["pack", name, `--pack-destination=${to}`, "--loglevel=error"], { env, cwd: folder });
  await run("tar", ["-xzf", join(to, stdout.trim().split("\n").at(-1) ?? ""), "-C", to]);
  return to;
}

/** Makes a folder with a command `npm` of this major version, and gives its path. */
async function npmOf(major: number): Promise<string> {
  const to = await unpacked(`npm@${major}`);
  writeFileSync(join(to, "npm"), `#!/bin/sh\nexec "${process.execPath}" "${to}/package/bin/npm-cli.js" "$@"\n`);
  chmodSync(join(to, "npm"), 0o755);
  return to;
}

const missing = spawnSync("npm", ["view", "--fetch-retries=0", "npm@9", "version"], { cwd: "/", env: { ...outside(), PATH: SYSTEM } }).status === 0
  ? false
  : "SKIPPED, NOTHING PROVEN ABOUT THE SET-UP: npm's registry, which has the npms to try, does not answer";

describe("the set-up", { concurrency: 2, skip: missing }, () => {
  for (const major of [9, 10, 11]) {
    test(`npm ${major} installs the project's Node, once, and everything after it runs with it`, async () => {
      const [path, npm] = [project(), await npmOf(major)];
      const PATH = `${npm}:${SYSTEM}`;
      assert.match((await run("npm", ["--version"], { env: { ...outside(), PATH } })).stdout, new RegExp(`^${major}\\.`));
      const { code, said } = await setup(path, { PATH });
      assert.equal(code, 0, said);
      const { stdout } = await run(join(path, "node_modules/.bin/node"), ["--version"]);
      assert.equal(readFileSync(join(path, "edge/build/sluice.lua"), "utf8"), stdout.trim());
      assert.match(stdout, /^v24\./);
      assert.deepEqual((await setup(path, { PATH })).said, "setup: done\n");
      if (major !== 11) return;
      rmSync(join(path, "node_modules"), { recursive: true });
      const nowhere = "http://127.0.0.1:1";
      const kept = await setup(path, { PATH, npm_config_proxy: nowhere, npm_config_https_proxy: nowhere });
      assert.equal(kept.code, 0, `what npm has kept is not enough: ${kept.said}`);
      assert.ok(existsSync(join(path, "node_modules/.bin/node")));
    });
  }

  test("what is optional and wants a later Node than the one that runs npm comes all the same", { timeout: 240_000 }, async () => {
    const { arch } = process;
    const [old, npm] = [await unpacked(`node-linux-${arch}@18`), await unpacked("npm@9.9.3")];
    const path = project(`node_modules/@oxlint/binding-linux-${arch}-gnu`);
    const commands = mkdtempSync(join(folder, "old-"));
    symlinkSync(join(old, "package/bin/node"), join(commands, "node"));
    writeFileSync(join(commands, "npm"), `#!/bin/sh\nexec node "${npm}/package/bin/npm-cli.js" "$@"\n`);
    chmodSync(join(commands, "npm"), 0o755);
    const PATH = `${commands}:${SYSTEM}`;
    assert.match((await run("node", ["--version"], { env: { ...outside(), PATH } })).stdout, /^v18\./);
    const { code, said } = await setup(path, { PATH });
    assert.equal(code, 0, said);
    assert.match((await run(join(path, "node_modules/.bin/node"), ["--version"])).stdout, /^v24\./);
    assert.ok(existsSync(join(path, `node_modules/@oxlint/binding-linux-${arch}-gnu`)));
    assert.deepEqual(readdirSync(path).filter((name) => name.startsWith(".node-")), []);
  });

  test("an npm that is too old is told before anything is installed", async () => {
    const path = project();
    const { code, said } = await setup(path, { PATH: `${await npmOf(8)}:${SYSTEM}` });
    assert.deepEqual([code, existsSync(join(path, "node_modules"))], [1, false]);
    assert.match(said, /^setup: npm 8\.\S+ is too old, and nothing was installed yet: install npm 9 or later .*apt-get install .*nodejs npm.*\n$/);
  });

  test("so is an npm that is missing", async () => {
    const tools = join(folder, "tools");
    mkdirSync(tools);
    symlinkSync("/usr/bin/dirname", join(tools, "dirname"));
    const { code, said } = await setup(project(), { PATH: tools });
    assert.equal(code, 1);
    assert.match(said, /^setup: npm is missing, and nothing was installed yet: install npm 9 or later .*apt-get install .*nodejs npm.*\n$/);
  });

  /** An environment with a registry at this port, and an empty npm cache. */
  const away = (port: number, user = ""): Record<string, string> => ({
    PATH: SYSTEM, npm_config_registry: `http://${user}127.0.0.1:${port}/`, npm_config_cache: mkdtempSync(join(folder, "cache-")),
  });

  test("a registry that never answers, or is not there, is told in one sentence; npm's own tries of minutes are not waited for", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const path = project();
    const never = await setup(path, away(port));
    silent.close();
    const refused = await setup(path, away(port));
    const secret = await setup(path, away(port, "name:password@"));
    for (const { code, said } of [never, refused, secret]) {
      assert.equal(code, 1, said);
      assert.match(said, new RegExp(`^npm's registry ${said === secret.said ? ".*" : `http://127\\.0\\.0\\.1:${port}/`} does not answer, and npm has not kept all packages from before: .*then run this again\\.$`, "m"));
      assert.doesNotMatch(said, /npm ERR!|npm error|password/);
    }
  });
});
