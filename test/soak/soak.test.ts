/** A soak of one minute with every disturbance that fits into it: `npm run soak -- --minutes 1`. Nightly only, because it takes two. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { envtestMissing } from "../support/envtest.ts";
import { ROOT } from "../support/sluice.ts";

const run = promisify(execFile);
const skip = process.env["NIGHTLY"] === "1" ? envtestMissing ?? false : "a soak takes minutes: NIGHTLY=1 runs it";

interface Verdict {
  readonly rows: readonly { readonly what: string; readonly measured: string; readonly holds?: boolean }[];
  readonly problems: readonly string[];
}

test("a minute of everything at once loses no request", { skip, timeout: 290_000 }, async () => {
  const { stdout } = await run(process.execPath, ["bench/soak/soak.ts", "--minutes=1", "--output=json"], { cwd: ROOT, maxBuffer: 1 << 26 })
    .catch((error: { stdout: string; stderr: string }) => {
      if (error.stdout === "") throw new Error(error.stderr);
      return error;
    });
  const { rows, problems } = JSON.parse(stdout) as Verdict;
  assert.deepEqual(rows.filter(({ holds }) => holds === false), [], problems.join("\n"));
  assert.ok(rows.some(({ what, holds }) => what === "lost requests" && holds === true));
});
