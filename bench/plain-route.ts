/**
 * What a plain request costs in the edge, as LuaJIT bytecodes.
 *
 *     npm run bench:plain                  this checkout
 *     npm run bench:plain -- v1.2.0        this checkout against that commit
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requestCosts } from "../test/support/request-cost.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "sluice-plain-"));
try {
  const [before] = process.argv.slice(2);
  const now = built(ROOT);
  console.log(`this checkout: ${now} bytecodes a plain request`);
  if (before !== undefined) {
    const then = built(checkout(before));
    console.log(`${before}: ${then} bytecodes; this checkout asks for ${((now / then) * 100).toFixed(2)} % of that`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  execFileSync("git", ["worktree", "prune"], { cwd: ROOT });
}

function built(root: string): number {
  execFileSync(process.execPath, [join(root, "scripts/build-edge.ts")], { cwd: root, stdio: "inherit" });
  return requestCosts(join(root, "edge/build")).plain?.bytecodes ?? NaN;
}

function checkout(commit: string): string {
  const root = join(folder, "before");
  execFileSync("git", ["worktree", "add", "--detach", "--quiet", root, commit], { cwd: ROOT });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  symlinkSync(join(ROOT, "edge/node_modules"), join(root, "edge/node_modules"));
  return root;
}
