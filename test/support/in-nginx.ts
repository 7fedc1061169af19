/** Runs Lua in nginx's own LuaJIT, with its PCRE: an nginx that ends in init_by_lua, before it has listened. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { block, directive, luaBlock, luaString, print } from "../../src/compile/directive.ts";
import { SHARED_MEMORY } from "../../src/compile/nginx-conf.ts";
import { createCompiler, frameLine } from "../../src/compile/program.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import type { Built } from "../../src/model/model.ts";
import { probe, runtimeFolder } from "./engine.ts";

/**
 * Runs a script and gives what it prints. The script finds the folder of `sluice.lua` (edge), its own folder (support), a
 * snapshot file (program) and the numbers of `given` in the global `measured`, and must end with `os.exit`.
 */
export function runLua(script: string, program: string, given: Readonly<Record<string, number>>, edgeDir = EDGE_DIR): string {
  const folder = runtimeFolder();
  try {
    const file = `${folder}/program.log`;
    writeFileSync(file, program);
    const numbers = Object.entries(given).map(([name, value]) => `, ${name} = ${value}`).join("");
    const conf = `${folder}/nginx.conf`;
    writeFileSync(conf, print([
      ...probe(folder).facts.modules.map((module) => directive("load_module", module)),
      directive("daemon", "off"),
      directive("pid", `${folder}/nginx.pid`),
      directive("error_log", "stderr", "error"),
      block("events", [], []),
      block("http", [], [
        directive("access_log", "off"),
        directive("lua_regex_match_limit", 100_000),
        // Small, so that a test can fill it.
        ...SHARED_MEMORY.map(([name]) => directive("lua_shared_dict", name, "512k")),
        luaBlock("init_by_lua_block", `measured = { edge = ${luaString(edgeDir)}, support = ${luaString(dirname(script))}, program = ${luaString(file)}${numbers} } dofile(${luaString(script)})`),
      ]),
    ]));
    return execFileSync(NGINX_BINARY, ["-p", folder, "-c", conf], { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "pipe"] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of a snapshot file with the Program that a Model compiles to. */
export function programOf(built: Built): string {
  const { program } = createCompiler().compile(built);
  const frames = [...program.parts.values()].map(({ frame }) => frame.reveal().toString("latin1"));
  return [...frames, frameLine({ op: "commit", generation: 1, digest: "" }), ""].join("\n");
}
