/** Runs h2spec (https://github.com/summerwind/h2spec), if there is one, and reads which of its cases fail. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../src/support/user-error.ts";
import { interrupted } from "../ending.ts";
import { inPath, isProgram } from "../tools.ts";

/** The program to run; undefined: there is none. @throws UserError for one that does not say that it is h2spec */
export function findH2spec(asked: string): string | undefined {
  const path = asked === "" ? inPath("h2spec") : asked;
  if (path === undefined) return undefined;
  if (!isProgram(path)) throw new UserError(`--h2spec=${path} is no program: give the path of h2spec`);
  const { stdout, stderr, error, status } = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 20_000 });
  const said = `${stdout}${stderr}`.trim().split("\n")[0] ?? "";
  if (error || status !== 0 || !said.startsWith("Version: 2.")) {
    throw new UserError(`--h2spec=${path} is not h2spec 2: asked for its version it says ${error ? error.message : JSON.stringify(said)}`);
  }
  return path;
}

const LIMIT_MS = 600_000;

/** The cases that fail, each by its section and what it tries. */
export async function failuresOf(h2spec: string, port: number): Promise<ReadonlySet<string>> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-h2spec-"));
  const report = join(folder, "report.xml");
  try {
    // It exits with 1 where a case fails.
    await new Promise<void>((resolve) => execFile(h2spec, ["-h", "127.0.0.1", "-p", String(port), "-t", "-k", "-j", report], { timeout: LIMIT_MS, signal: interrupted }, () => resolve()));
    if (!existsSync(report)) throw new UserError(`${h2spec} wrote no report: is it h2spec 2?`);
    return failuresIn(readFileSync(report, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The failing cases of a report in JUnit's form. */
export function failuresIn(xml: string): ReadonlySet<string> {
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)];
  const attribute = (text: string, name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  return new Set(cases.filter(([, , body = ""]) => /<(?:failure|error)\b/.test(body)).map(([, attributes = ""]) => `${attribute(attributes, "package")} ${attribute(attributes, "classname")}`));
}
