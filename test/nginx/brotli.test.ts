/**
 * enable-brotli with nginx's module and without it. Where Debian's package is not installed, BROTLI_MODULE may give the
 * path of the module; without the module only the finding is tested.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { request } from "node:http";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const FILE = "ngx_http_brotli_filter_module.so";
const SETTINGS = { "enable-brotli": "true", "brotli-min-length": "1", "brotli-level": "5", "brotli-types": "application/json" };

let folder: string;
let echo: EchoBackend;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "modules-"));
  echo = await startEcho("web");
});
after(async () => {
  await echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

const installed = modulesOfNginx().map((one) => join(one, FILE)).find((file) => existsSync(file)) ?? process.env["BROTLI_MODULE"];

function modulesOfNginx(): string[] {
  const build = execFileSync("/bin/sh", ["-c", 'exec "$0" -V 2>&1', NGINX_BINARY], { encoding: "utf8" });
  return [/--modules-path=(\S+)/.exec(build)?.[1] ?? "", "/usr/share/nginx/modules", "/usr/lib/nginx/modules"].filter((one) => existsSync(one));
}

/** A script that runs nginx with another folder of modules: its own ones except brotli, and the file `brotli` if it is given. */
function nginxWith(name: string, brotli: string | undefined): string {
  const modules = join(folder, name);
  mkdirSync(modules);
  const [from = ""] = modulesOfNginx();
  for (const file of readdirSync(from)) if (file !== FILE) symlinkSync(join(from, file), join(modules, file));
  if (brotli !== undefined) symlinkSync(brotli, join(modules, FILE));
  mkdirSync(join(folder, `${name}-bin`));
  const script = join(folder, `${name}-bin`, "nginx");
  // Sluice also looks for modules below the prefix, so the prefix leads nowhere.
  const edit = `sed -E 's,--modules-path=[^ ]+,--modules-path=${modules},; s,--prefix=[^ ]+,--prefix=/nowhere,'`;
  writeFileSync(script, `#!/bin/sh\n[ "$1" = -V ] && { "${NGINX_BINARY}" -V 2>&1 | ${edit} >&2; exit; }\nexec "${NGINX_BINARY}" "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

function start(binary: string): Promise<Sluice> {
  const files = { "web.yaml": site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }), "settings.yaml": configMap(SETTINGS) };
  return startSluice({ files, args: ["--configmap=sluice/sluice"], env: { NGINX_BINARY: binary } });
}

function ask(port: number): Promise<{ readonly encoding: string | undefined; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { host: "shop.example", "accept-encoding": "br" };
    const asked = request({ host: "127.0.0.1", port, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ encoding: response.headers["content-encoding"], body: Buffer.concat(chunks) }));
    });
    asked.on("error", reject).end();
  });
}

test("without the module a finding names its package, and everything is served as it comes", { skip: installed?.startsWith("/usr/lib/nginx/") ? "NOT TESTED: the module is installed" : false }, async () => {
  const sluice = await start(nginxWith("without", undefined));
  try {
    const { encoding, body } = await ask(sluice.http);
    assert.deepEqual([encoding, (JSON.parse(body.toString()) as { backend: string }).backend], [undefined, "web"]);
    assert.match((await sluice.ask("/api/v1/findings")).text, /"config-module-missing".*libnginx-mod-http-brotli-filter/);
  } finally {
    await sluice.stop();
  }
});

test("with it responses are compressed", { skip: installed === undefined ? `NOT TESTED: ${FILE} is not installed (Debian: libnginx-mod-http-brotli-filter)` : false }, async () => {
  const sluice = await start(nginxWith("with", installed));
  try {
    const { encoding, body } = await ask(sluice.http);
    assert.equal(encoding, "br");
    assert.equal((JSON.parse(brotliDecompressSync(body).toString()) as { backend: string }).backend, "web");
    assert.doesNotMatch((await sluice.ask("/api/v1/findings")).text, /config-module-missing/);
  } finally {
    await sluice.stop();
  }
});
