/**
 * Tries whether this machine's nginx libraries do what the edge needs, before anything is served with them: a small
 * nginx of one process calls each function of these libraries once, through a TLS handshake and a request to itself,
 * and ends (edge/src/phases/self-test/). It takes some fifty milliseconds, opens no port, and leaves nothing.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { block, directive, expression, luaBlock, luaString, print, type Directive } from "../../compile/directive.ts";
import { UserError } from "../../support/user-error.ts";
import { selfSigned } from "./default-certificate.ts";
import type { Probe } from "./probe.ts";

/** Far more than the self-test takes even on a busy machine: only a function that never returns takes longer. */
const LIMIT_MS = 60_000;

/** Rejects with a UserError that names the function which is missing or differs, or what nginx said. */
export async function requireLibraries({ binary, facts }: Probe, limitMs = LIMIT_MS): Promise<void> {
  const folder = mkdtempSync(`${facts.runtimeDir}/t`);
  try {
    writeFileSync(`${folder}/conf`, print(conf(folder, facts)));
    const { stdout, stderr, signal } = await run(binary, ["-p", folder, "-c", `${folder}/conf`, "-e", "stderr"], limitMs);
    const problem = problemOf(stdout, stderr, signal === "SIGKILL" ? `did not end within ${limitMs / 1000} s` : `ended${signal ? ` by ${signal}` : ""}`);
    if (problem === undefined) return;
    const library = /^library (.*)$/m.exec(stdout)?.[1];
    const versions = [`nginx ${facts.version.join(".")}`, ...(library === undefined ? [] : [library])].join(" with ");
    throw new UserError(
      `${versions} cannot carry Sluice, so nothing is served with it: ${problem}. Install nginx, its Lua module and lua-resty-core as they come together in Debian 12 or 13.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined: the program ended by itself, or was never there. */
  readonly signal: NodeJS.Signals | undefined;
}

function run(binary: string, words: readonly string[], limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(binary, words, { encoding: "utf8", timeout: limitMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => resolve({ stdout, stderr, signal: error?.signal ?? undefined }));
  });
}

/** Undefined: every function does what it should. */
function problemOf(stdout: string, stderr: string, end: string): string | undefined {
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (last === "good") return undefined;
  if (last.startsWith("bad ")) return last.slice("bad ".length);
  if (last.startsWith("try ")) return `nginx ${end} in ${last.slice("try ".length)}`;
  return /\[(?:emerg|error)\] (?:\d+#\d+: )?(.*)/.exec(stderr)?.[1] ?? `nginx ${end}`;
}

function conf(folder: string, { modules, edgeDir }: Probe["facts"]): Directive[] {
  const socket = `${folder}/s`;
  const { certificate, key } = selfSigned(new Date(), "self.test");
  writeFileSync(`${folder}/crt`, certificate);
  writeFileSync(`${folder}/key`, key, { mode: 0o600 });
  const given = `socket = ${luaString(socket)}, certificate = ${luaString(certificate)}, key = ${luaString(key)}`;
  return [
    ...modules.map((file) => directive("load_module", file)),
    directive("daemon", "off"),
    directive("master_process", "off"),
    directive("pid", `${folder}/pid`),
    directive("error_log", "stderr", "error"),
    block("events", [], []),
    block("http", [], [
      directive("access_log", "off"),
      directive("lua_package_path", `${edgeDir}/?.lua;;`),
      directive("lua_socket_log_errors", "off"),
      ...["sluice_ewma", "sluice_limits", "sluice_connections", "sluice_digest", "sluice_auth"].map((name) => directive("lua_shared_dict", name, "1m")),
      ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => directive(`${name}_temp_path`, `${folder}/temp`)),
      luaBlock("init_by_lua_block", `selfTest = require("sluice").selfTest`),
      luaBlock("init_worker_by_lua_block", `selfTest.start({ ${given} })`),
      block("upstream", ["self"], [directive("server", "0.0.0.1"), luaBlock("balancer_by_lua_block", "selfTest.balance()")]),
      block("server", [], [
        directive("listen", `unix:${socket}`, "ssl"),
        directive("ssl_certificate", `${folder}/crt`),
        directive("ssl_certificate_key", `${folder}/key`),
        luaBlock("ssl_client_hello_by_lua_block", "selfTest.hello()"),
        luaBlock("ssl_certificate_by_lua_block", "selfTest.certificate()"),
        luaBlock("server_rewrite_by_lua_block", "selfTest.rewrite()"),
        block("location", ["/"], [directive("proxy_pass", "http://self")]),
        block("location", ["=", "declare:variables"], [directive("set", expression("$self_test"), "")]),
      ]),
    ]),
  ];
}
