/** Colours go where a terminal shows them, and lines fit it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tableText } from "../src/get/table.ts";
import { columnsOf, cutTo, fittingWidths, painterFor } from "../src/support/terminal.ts";

const NAMES = ["NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"] as const;

/** What the function gives with these variables and none of the others. */
function withEnv<T>(env: Partial<Record<(typeof NAMES)[number], string>>, look: () => T): T {
  const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  const set = (values: Readonly<Record<string, string | undefined>>): void => {
    for (const name of NAMES) {
      if (values[name] === undefined) delete process.env[name];
      else process.env[name] = values[name];
    }
  };
  set(env);
  try {
    return look();
  } finally {
    set(before);
  }
}

test("a stream has colours as its own terminal and the environment say", () => {
  const cases: readonly (readonly [env: Partial<Record<(typeof NAMES)[number], string>>, isTTY: boolean, coloured: boolean])[] = [
    [{}, true, true], [{}, false, false], [{ TERM: "xterm" }, true, true], [{ TERM: "dumb" }, true, false],
    [{ NO_COLOR: "1" }, true, false], [{ NO_COLOR: "" }, true, true], [{ FORCE_COLOR: "1" }, false, true], [{ FORCE_COLOR: "3", TERM: "dumb" }, true, true],
    [{ FORCE_COLOR: "0" }, true, false], [{ FORCE_COLOR: "" }, false, false], [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  ];
  for (const [env, isTTY, isColoured] of cases) {
    assert.equal(withEnv(env, () => painterFor({ isTTY, columns: 80 })("red", "text")), isColoured ? "\u001b[31mtext\u001b[39m" : "text", JSON.stringify([env, isTTY]));
  }
  assert.equal(withEnv({ FORCE_COLOR: "1" }, () => painterFor({ isTTY: true, columns: 80 })("red", "")), "", "nothing is not coloured");
});

test("COLUMNS says how long a line is, else the terminal does", () => {
  assert.equal(withEnv({ COLUMNS: "70" }, () => columnsOf({ isTTY: true, columns: 100 })), 70);
  assert.equal(withEnv({ COLUMNS: "70" }, () => columnsOf({ isTTY: false, columns: 0 })), 70);
  assert.equal(withEnv({}, () => columnsOf({ isTTY: true, columns: 100 })), 100);
  for (const COLUMNS of ["", "0", "-3", "wide", "1.5"]) assert.equal(withEnv({ COLUMNS }, () => columnsOf({ isTTY: false, columns: 0 })), undefined, COLUMNS);
  assert.equal(withEnv({}, () => columnsOf({ isTTY: true, columns: 0 })), undefined, "a terminal that does not say its size");
});

test("the widest column gives way first, and none below its least width", () => {
  const options = { gap: 2, narrowest: 5, mayBeCut: (index: number) => index !== 0 };
  assert.deepEqual(fittingWidths([20, 10, 8], 100, options), [20, 10, 8]);
  assert.deepEqual(fittingWidths([20, 10, 8], 38, options), [20, 7, 7]);
  assert.deepEqual(fittingWidths([20, 10, 8], 10, options), [20, 5, 5]);
  assert.deepEqual(fittingWidths([20, 0, 30], 40, options), [20, 0, 18], "a column that is left out has no gap");
  assert.deepEqual([cutTo("abcd", 4), cutTo("abcde", 4), cutTo("abc", 0)], ["abcd", "abc…", "…"]);
});

test("a table fits the terminal, a wide one is not cut", () => {
  const row = { namespace: "shop", ingress: "web", host: `${"h".repeat(60)}.example`, path: `/${"p".repeat(60)} (prefix)`, target: "shop/web:80", endpoints: 2 };
  for (const width of [80, 100, 140]) {
    const lines = tableText("routes", [row], false, width).trimEnd().split("\n");
    assert.ok(lines.every((line) => line.length <= width), lines.join("\n"));
    assert.match(lines[1] ?? "", /^web +h+… +\/p+… +shop\/web:80 +2$/, "the namespace is that of the target");
  }
  for (const text of [tableText("routes", [row], true, 100), tableText("routes", [row], false)]) assert.ok(text.includes(row.host) && text.includes(row.path), text);
});

test("where findings do not fit, what they say has more room than where they are", () => {
  const row = { severity: "error", code: "certificate-missing", object: "Ingress default/tomcat", at: "examples/tomcat.yaml:7", says: "Secret \"default/tomcat-tls\" does not exist: create it, or correct the name" };
  assert.equal(tableText("findings", [row], false, 90), `SEVERITY   CODE                  OBJECT                   SAYS
error      certificate-missing   Ingress default/tomcat   Secret "default/tomcat-tls" doe…
`);
  assert.ok(tableText("findings", [row], false, 200).includes(row.at));
});
