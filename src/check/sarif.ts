/** A check's result as SARIF 2.1.0 (OASIS): what code hosts and editors show beside the lines. */
import { pathToFileURL } from "node:url";
import { subjectText, type Severity } from "../model/findings/findings.ts";
import { messageText, type CheckResult, type PlacedFinding } from "./result.ts";

const LEVEL: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

/** @param version of Sluice. @param relative makes a file's path one that the reader knows: relative to the working folder where it is below that. */
export function checkSarif({ findings }: CheckResult, version: string, relative: (file: string) => string): string {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const rules = codes.map((id) => ({ id, shortDescription: { text: id.replaceAll("-", " ") } }));
  const results = findings.map((finding) => ({
    ruleId: finding.code,
    ruleIndex: codes.indexOf(finding.code),
    level: LEVEL[finding.severity],
    message: { text: messageText(finding) },
    locations: [locationOf(finding, relative)],
  }));
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [{ tool: { driver: { name: "sluice", version, rules } }, columnKind: "utf16CodeUnits", results }] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function locationOf(finding: PlacedFinding, relative: (file: string) => string): object {
  const { object, field, file, line, column } = finding;
  const logicalLocations = [{ fullyQualifiedName: field === "" ? subjectText(object) : `${subjectText(object)} ${field}`, kind: "object" }];
  if (file === undefined) return { logicalLocations };
  return { physicalLocation: { artifactLocation: { uri: uriOf(relative(file)) }, region: { startLine: line, startColumn: column } }, logicalLocations };
}

/** A URI reference (RFC 3986): a relative path keeps its slashes. */
function uriOf(path: string): string {
  return path.startsWith("/") ? pathToFileURL(path).href : path.split("/").map(encodeURIComponent).join("/");
}
