/** `rendered-nginx.ts` as a subject. */
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startApiStandIn } from "../../test/support/api-stand-in.ts";
import { selfSigned } from "../../test/support/openssl.ts";
import { freePorts } from "../../test/support/sluice.ts";
import { fill } from "../api.ts";
import { untilEnd } from "../ending.ts";
import { end } from "../processes.ts";
import { applyTo } from "./objects.ts";
import { nginxProcesses, processorSeconds, type Subject, type SubjectInput } from "./subject.ts";

const PROGRAM = fileURLToPath(new URL("rendered-nginx.ts", import.meta.url));
const READY_MS = 120_000;

export async function startRenderedSubject({ dir, objects }: SubjectInput): Promise<Subject> {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const user = process.getuid?.() === 0 ? "www-data" : "nobody";
  if (process.getuid?.() === 0) chownSync(dir, Number(execFileSync("id", ["-u", user]).toString()), -1);
  const { chain, key } = selfSigned(["default.bench"]);
  writeFileSync(join(dir, "default.crt"), chain);
  writeFileSync(join(dir, "default.key"), key, { mode: 0o600 });
  const api = await startApiStandIn();
  await fill(api.server, objects);
  const [http, https] = await freePorts(2);
  const log = join(dir, "log");
  const begun = performance.now();
  const out = openSync(log, "a");
  const child = spawn(process.execPath, [PROGRAM, api.server, dir, String(http), String(https), user], { stdio: ["ignore", out, out] });
  // However this process ends.
  const orphaned = (): void => void child.kill("SIGTERM");
  process.on("exit", orphaned);
  await untilEnd(Promise.resolve({ stop: async () => await end(child) }));
  const data = (): number[] => nginxProcesses(join(dir, "nginx.pid"));
  while (data().length < 3) {
    if (child.exitCode !== null || performance.now() - begun > READY_MS) throw new Error(`the rendered nginx did not come up:\n${readFileSync(log, "utf8").slice(-2000)}`);
    await sleep(20);
  }
  return {
    name: "rendered nginx", http, https, readyMs: performance.now() - begun, readySeconds: processorSeconds([child.pid as number]),
    apply: (object, change) => applyTo(api.server, object, change),
    control: () => [child.pid as number],
    data,
    reloads: async () => Promise.resolve((readFileSync(log, "utf8").match(/"reloads"/g) ?? []).length),
    async stop() {
      process.off("exit", orphaned);
      await end(child);
      await api.stop();
    },
  };
}
