/** A check's result as workflow commands of GitHub Actions, which become annotations of the changed lines. */
import { subjectText, type Severity } from "../model/findings/findings.ts";
import { printable } from "../support/text.ts";
import { messageText, type CheckResult } from "./result.ts";

const COMMAND: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "notice" };

/** @param relative as for `checkSarif`. */
export function checkGithub({ findings }: CheckResult, relative: (file: string) => string): string {
  return findings.map((finding) => {
    const { severity, code, object, file, line, column } = finding;
    const place = file === undefined ? {} : { file: relative(file), line, col: column };
    const properties = Object.entries({ ...place, title: code }).map(([name, value]) => `${name}=${escaped(String(value)).replaceAll(":", "%3A").replaceAll(",", "%2C")}`);
    return `::${COMMAND[severity]} ${properties.join(",")}::${escaped(`${subjectText(object)}: ${messageText(finding)}`)}\n`;
  }).join("");
}

/** Without what would end a workflow command, or colour a terminal. */
function escaped(text: string): string {
  return printable(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
