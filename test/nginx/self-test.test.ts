/**
 * Libraries of nginx that differ from those that the edge was made for: Sluice says which function differs and serves
 * nothing, instead of serving with broken handshakes. The test spoils each function that the edge calls, one at a time.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { requireLibraries } from "../../src/engine/agent/self-test.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import { UserError } from "../../src/support/user-error.ts";
import { runCommand } from "../support/command.ts";
import { probe, runtimeFolder } from "../support/engine.ts";
import { freePorts } from "../support/sluice.ts";

let folder: string;
before(() => {
  folder = runtimeFolder();
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the self-test says; "": nothing. The edge is the real one, with `spoil.lua` before it and its own text changed by `spoil.edge`. */
async function complaint(spoil: { readonly lua?: string; readonly edge?: (text: string) => string; readonly limitMs?: number }): Promise<string> {
  const edgeDir = mkdtempSync(join(folder, "edge-"));
  const text = readFileSync(join(EDGE_DIR, "sluice.lua"), "utf8");
  writeFileSync(join(edgeDir, "sluice.lua"), `${spoil.lua ?? ""}\n${spoil.edge?.(text) ?? text}`);
  const { binary, facts, workers } = probe(folder);
  try {
    await requireLibraries({ binary, workers, facts: { ...facts, edgeDir } }, spoil.limitMs);
    return "";
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  }
}

test("this machine's libraries pass, and nothing of it stays", async () => {
  assert.equal(await complaint({}), "");
  assert.deepEqual(readdirSync(folder).filter((name) => !name.startsWith("edge-")), []);
});

test("each check stands for itself: they pass in any order", async () => {
  for (let seed = 1; seed <= 24; seed++) {
    const lua = `
      local hashed = pairs
      function _G.pairs(t)
        local keys = {}
        for key in hashed(t) do keys[#keys + 1] = key end
        table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
        math.randomseed(${seed})
        for i = #keys, 2, -1 do local j = math.random(i) keys[i], keys[j] = keys[j], keys[i] end
        local i = 0
        return function() i = i + 1 return keys[i], t[keys[i]] end
      end`;
    assert.equal(await complaint({ lua }), "", `order ${seed}`);
  }
});

/** Functions of the Lua API, as paths from a global. */
const LUA = [
  ...["log", "exit", "redirect", "print", "now", "time", "sleep", "get_phase", "md5", "md5_bin", "sha1_bin", "hmac_sha1", "encode_base64", "decode_base64",
    "cookie_time", "escape_uri", "parse_http_time"].map((name) => `ngx.${name}`),
  ...["set_uri", "get_method", "is_internal", "start_time", "get_headers", "set_header", "clear_header", "discard_body"].map((name) => `ngx.req.${name}`),
  "ngx.timer.at",
  ...["id", "pid", "exiting"].map((name) => `ngx.worker.${name}`),
  "ngx.socket.tcp",
  ...["set_current_peer", "set_more_tries", "set_timeouts", "get_last_failure"].map((name) => `require("ngx.balancer").${name}`),
  ...["server_name", "clear_certs", "parse_pem_cert", "parse_pem_priv_key", "set_cert", "set_priv_key", "verify_client"].map((name) => `require("ngx.ssl").${name}`),
  `require("ngx.ssl.clienthello").get_client_hello_server_name`,
  ...["decode", "encode"].map((name) => `require("cjson.safe").${name}`),
  ...["get_request", "get_errmsg_ptr"].map((name) => `require("resty.core.base").${name}`),
  ...["re_match_compile", "collect_captures", "destroy_compiled_regex"].map((name) => `require("resty.core.regex").${name}`),
  `require("resty.lrucache").new`,
];

test("a Lua function that is gone is named", async () => {
  for (const path of LUA) {
    const said = await complaint({ lua: `${path} = nil` });
    assert.ok(said.includes("cannot carry Sluice, so nothing is served with it: "), `${path}: ${said}`);
    // The function that fails first may be another one of the library, which calls this one.
    assert.ok(said.includes(path.split(".").at(-1)?.replace("get_", "") ?? ""), `${path}: ${said}`);
  }
});

test("a Lua function that fails, or answers something else, is named", async () => {
  for (const path of [`require("ngx.ssl").set_cert`, `require("ngx.balancer").set_current_peer`, `require("resty.core.regex").collect_captures`, "ngx.req.set_uri", "ngx.md5_bin"]) {
    for (const instead of [`return "other"`, `error("no more")`]) {
      const said = await complaint({ lua: `${path} = function() ${instead} end` });
      assert.ok(said.includes(path.split(".").at(-1) ?? ""), `${path}: ${said}`);
    }
  }
});

/** Functions of C that the edge declares. */
const FOREIGN = [...readFileSync(join(EDGE_DIR, "../src/ngx.d.ts"), "utf8").matchAll(/^ {4}(\w+)\(\s*this: void/gm)].map(([, name]) => name ?? "");

test("a C function that is gone, or takes an argument more or less, is named", async () => {
  assert.ok(FOREIGN.length > 30, String(FOREIGN));
  for (const name of FOREIGN) {
    // lua-resty-core declares nginx's functions; the spoiled name needs a declaration of its own.
    const own = name.startsWith("ngx_") ? `require("ffi").cdef("int ${name}_gone(void)")\n` : "";
    const said = await complaint({ lua: own, edge: (text) => text.replaceAll(new RegExp(`\\b${name}\\(`, "g"), `${name}_gone(`) });
    if (name !== "ngx_http_lua_ffi_get_req_ssl_pointer") assert.match(said, new RegExp(`${name}`), name);
  }
  const shorter = await complaint({ edge: (text) => text.replace("SSL_set_cipher_list(void *ssl, const char *list)", "SSL_set_cipher_list(void *ssl)") });
  assert.match(shorter, /SSL_set_cipher_list: .*wrong number of arguments/);
});

test("a library that is missing, or that brings nginx down, is told in its words", async () => {
  assert.match(await complaint({ lua: `package.preload["ngx.balancer"] = function() error("no such library") end` }), /no such library/);
  assert.match(await complaint({ lua: `local ffi = require("ffi") require("cjson.safe").encode = function() ffi.cast("char *", 8)[0] = 1 end` }), /by SIGSEGV in cjson\.safe\.encode/);
  assert.match(await complaint({ lua: `require("cjson.safe").encode = function() while true do end end`, limitMs: 1500 }), /did not end within 1\.5 s in cjson\.safe\.encode/);
});

test("a run, and an agent of its own, end with that one sentence", async (t) => {
  const broken = mkdtempSync(join(folder, "broken-"));
  const binary = join(broken, "nginx");
  const lua = `init_by_lua_block { require("ngx.ssl").verify_client = nil`;
  writeFileSync(binary, `#!/bin/sh\ncase "$4" in */conf) sed -i 's/init_by_lua_block {/${lua}/' "$4" ;; esac\nexec "${NGINX_BINARY}" "$@"\n`);
  chmodSync(binary, 0o755);
  const runtimeDir = mkdtempSync("/dev/shm/sluice-self-test-");
  t.after(() => rmSync(runtimeDir, { recursive: true, force: true }));
  const [http, https, health] = await freePorts(3);
  const ports = ["--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, "--healthz-host=127.0.0.1"];
  for (const args of [["run", `--manifests=${broken}`, ...ports], ["agent"]]) {
    const { code, stderr } = await runCommand([...args, `--runtime-dir=${runtimeDir}`], { NGINX_BINARY: binary });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^sluice: nginx [\d.]+ with lua-resty-core [\d.]+ cannot carry Sluice, so nothing is served with it: .*verify_client.*\.$/m);
  }
});
