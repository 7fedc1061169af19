/** Runs h2spec (https://github.com/summerwind/h2spec), if there is one, and reads which of its cases fail. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../src/support/user-error.ts";

/** The program to run; undefined: there is none. @throws UserError where the one that was asked for does not exist. */
export function findH2spec(asked: string): string | undefined {
  if (asked !== "") {
    if (existsSync(asked)) return asked;
    throw new UserError(`--h2spec=${asked} does not exist: give the path of the program h2spec.`);
  }
  try {
    return execFileSync("sh", ["-c", "command -v h2spec"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

const LIMIT_MS = 600_000;

/** The cases that fail, each by its section and what it tries. */
export async function failuresOf(h2spec: string, port: number): Promise<ReadonlySet<string>> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-h2spec-"));
  const report = join(folder, "report.xml");
  try {
    // It exits with 1 where a case fails.
    await new Promise<void>((resolve) => execFile(h2spec, ["-h", "127.0.0.1", "-p", String(port), "-t", "-k", "-j", report], { timeout: LIMIT_MS }, () => resolve()));
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
