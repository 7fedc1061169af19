/**
 * What a plain request costs in the edge, as LuaJIT bytecodes.
 *
 *     npm run bench:plain                  this checkout
 *     npm run bench:plain -- v1.2.0        this checkout against that commit
 */
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../src/support/user-error.ts";
import { requestCosts } from "../test/support/request-cost.ts";
import { runCommand } from "./command.ts";
import { readFlags } from "./command-line.ts";
import { inFolder } from "./in-folder.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const USAGE = `npm run bench:plain -- [COMMIT]

Counts the bytecodes that LuaJIT runs for one request to a route without annotations, in this checkout, and beside it in that commit.
The number is exact, whatever else the machine does.
`;

interface Options {
  readonly commit: string | undefined;
}

function parse(argv: readonly string[]): Options | "help" {
  const { values, positionals: [commit, ...more] } = readFlags("bench:plain", argv, {}, true);
  if (values.help) return "help";
  if (more.length > 0) throw new UserError(`One commit is compared at a time: leave ${more.join(" ")} out`);
  return { commit };
}

function run({ commit }: Options): void {
  const now = built(ROOT);
  console.log(`this checkout: ${now} bytecodes a plain request`);
  if (commit === undefined) return;
  const then = costAt(commit);
  console.log(`${commit}: ${then} bytecodes; this checkout asks for ${((now / then) * 100).toFixed(2)} % of that`);
}

function built(root: string): number {
  execFileSync(process.execPath, [join(root, "scripts/build-edge.ts")], { cwd: root, stdio: "inherit" });
  return requestCosts(join(root, "edge/build")).plain?.bytecodes ?? NaN;
}

/** @throws UserError where there is no such commit */
function mustExist(commit: string): void {
  const { status, stderr } = spawnSync("git", ["rev-parse", "--quiet", "--verify", "--end-of-options", `${commit}^{commit}`], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new UserError(`git knows no commit ${JSON.stringify(commit)} here${stderr === "" ? "" : ` (${stderr.trim().split("\n")[0]})`}`);
}

function costAt(commit: string): number {
  // For temporary files, because a checkout is large for a folder in memory.
  const root = join(process.env["TMPDIR"] ?? "", "before");
  try {
    execFileSync("git", ["worktree", "add", "--detach", "--quiet", root, commit], { cwd: ROOT });
    symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    symlinkSync(join(ROOT, "edge/node_modules"), join(root, "edge/node_modules"));
    return built(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
    execFileSync("git", ["worktree", "prune"], { cwd: ROOT });
  }
}

await runCommand({
  name: "bench:plain", usage: USAGE, parse, needs: ({ commit }) => (commit === undefined ? ["nginx"] : ["nginx", "git"]),
  async run(options) {
    if (options.commit !== undefined) mustExist(options.commit);
    await inFolder(async () => await Promise.resolve(run(options)));
  },
});
