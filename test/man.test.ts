/** The manual page: groff takes it without a warning, and shows every command, flag, exit code and example as the help has it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { manText } from "../scripts/reference/man.ts";
import { FLAGS } from "../src/settings/table.ts";
import { COMMAND_TEXTS } from "../src/settings/texts.ts";
import { ROOT } from "./support/sluice.ts";

const PAGE = join(ROOT, "docs/man/sluice.1");
const skip = spawnSync("groff", ["--version"]).status === 0 ? false : "SKIPPED, NOTHING PROVEN ABOUT THE MANUAL PAGE'S LOOK: groff is not installed";
const folder = mkdtempSync(join(tmpdir(), "sluice-man-"));
after(() => rmSync(folder, { recursive: true }));

/** The text that a terminal without colours and bold letters shows. */
function shown(file: string, device: "utf8" | "ascii" = "utf8"): string {
  // -c and -P-cbou: no escape sequences, no overstriking.
  const { status, stdout, stderr } = spawnSync("groff", ["-man", "-ww", `-T${device}`, "-c", "-P-cbou", "-rLL=200n", file], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""], "groff has nothing to complain about");
  return stdout;
}

const flat = (text: string): string => text.replaceAll(/\s+/g, " ");

test("no line but a request begins as one", () => {
  const REQUESTS = /^\.(?:\\"|TH|SH|SS|PP|TP|RS|RE|nf|fi|nh|ad)(?: |$)/;
  for (const line of readFileSync(PAGE, "utf8").split("\n")) {
    if (line.startsWith(".")) assert.match(line, REQUESTS);
    assert.doesNotMatch(line, /^'|[^\0-\x7f]/);
    if (!line.startsWith('.\\"')) assert.doesNotMatch(line.replaceAll(/\\(?:[e\-&]|f[BIR]|\([a-z]{2}|\[u[0-9A-F]{4,5}\])/g, "").replace(/^\.TH .*/, ""), /[\\\-"'`^~]/, line);
  }
});

test("every command, flag, exit code and example is on it", { skip }, () => {
  const text = flat(shown(PAGE));
  for (const { flag, help, type } of Object.values(FLAGS)) {
    assert.ok(text.includes(` --${flag}${type.placeholder === "" ? "" : `=${type.placeholder.replaceAll("…", "...")}`} `), flag);
    assert.ok(text.includes(flat(help.replaceAll("`", "").replaceAll("…", "..."))), help);
  }
  for (const { usage, summary, about = [], exits, examples } of Object.values(COMMAND_TEXTS)) {
    const said = [...usage.split("\n"), summary, ...about, ...examples, ...exits.map(([code, meaning]) => `${code} ${meaning}`)];
    for (const one of said) assert.ok(text.includes(flat(one.trim()).replaceAll("…", "...")), one);
  }
});

test("a terminal without Unicode shows it too", { skip }, () => {
  assert.match(shown(PAGE, "ascii"), /^SLUICE\(1\) /);
});

test("whatever a text holds comes out as it is", { skip }, () => {
  for (const text of [".leading dot", "'leading quote", "a\\nb \\fB \\\\ C:\\e", "-x --long 'it''s' \"so\" `", "^up ~home", "\\", "a|b<c>$d{e}"]) {
    const file = join(folder, "text.1");
    writeFileSync(file, `.TH T 1 "" "" ""\n.SH A\n.PP\n.nf\n${manText(text)}\n`);
    assert.ok(shown(file).includes(text), `${text}\n${shown(file)}`);
  }
  assert.equal(manText("a `b-c` d"), "a \\fBb\\-c\\fR d");
});
