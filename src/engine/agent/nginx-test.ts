/** Tests a configuration with `nginx -t` before it is used. */
import { spawn } from "node:child_process";
import { firstComplaint } from "./nginx-words.ts";
import type { NginxPatience } from "./patience.ts";

export interface TestOptions {
  readonly binary: string;
  readonly runtimeDir: string;
  readonly patience: NginxPatience;
}

/**
 * Resolves to the milliseconds that the test took when nginx takes this file; rejects with nginx's own words. The test
 * has the standard output that nginx will have, because a log may go there.
 */
export async function testConfiguration(file: string, { binary, runtimeDir, patience }: TestOptions): Promise<number> {
  const begun = performance.now();
  const limit = patience.ms;
  const child = spawn(binary, ["-t", "-q", "-p", runtimeDir, "-c", file], { stdio: ["ignore", "inherit", "pipe"], timeout: limit, killSignal: "SIGKILL" });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const end = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, by) => resolve(status ?? by ?? "nothing"));
    // Not "close" after a kill: a process that nginx started may still hold its standard error open.
    child.once("exit", (_, by) => by !== null && resolve(by));
  });
  const took = performance.now() - begun;
  if (end === 0) {
    patience.took(took);
    return took;
  }
  const late = took >= limit;
  if (late) patience.ranOut();
  const why = late ? `it was not read within ${Math.round(limit / 1000)} seconds; the next time it has twice as long` : `"nginx -t" ended with ${end}`;
  throw new Error((late ? "" : firstComplaint(complaint)) || why);
}
