/** Asks the real nginx what it thinks of a configuration. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { FILES } from "../../src/compile/nginx-conf.ts";
import { ensureDefaultCertificate } from "../../src/engine/agent/default-certificate.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";

/** Puts what every nginx.conf of Sluice refers to into a runtime folder. */
export function furnish(runtimeDir: string): void {
  mkdirSync(`${runtimeDir}/${FILES.temp}`, { recursive: true });
  ensureDefaultCertificate(runtimeDir);
}

/** What `nginx -t` says against the text; undefined when it takes it. */
export function complaint(runtimeDir: string, text: string): Promise<string | undefined> {
  const file = `${runtimeDir}/checked.conf`;
  writeFileSync(file, text);
  return new Promise((resolve) => {
    execFile(NGINX_BINARY, ["-t", "-q", "-p", runtimeDir, "-c", file], { timeout: 20_000 }, (error, _out, said) => {
      resolve(error ? said || error.message : undefined);
    });
  });
}

export interface PlainNginx {
  stop(): Promise<void>;
}

/** Runs nginx on a configuration of the test's own; it must say `daemon off`. Resolves when `ready` does. */
export async function runNginx(runtimeDir: string, text: string, ready: () => Promise<boolean>): Promise<PlainNginx> {
  const file = `${runtimeDir}/plain.conf`;
  writeFileSync(file, text);
  const child = spawn(NGINX_BINARY, ["-p", runtimeDir, "-c", file], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  for (let tries = 0; tries < 500; tries++) {
    if (await ready()) return { stop };
    if (child.exitCode !== null) throw new Error(`nginx does not run: ${await complaint(runtimeDir, text)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await stop();
  throw new Error("nginx does not answer");
}
