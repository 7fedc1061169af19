/** A check's result for people: by file and object, each finding with its place, and the sum below. */
import { subjectText, type Severity } from "../model/findings/findings.ts";
import type { Paint } from "../support/terminal.ts";
import { printable, wrapped } from "../support/text.ts";
import { messageText, type CheckResult, type PlacedFinding } from "./result.ts";

const COLOUR = { error: "red", warning: "yellow", info: "cyan" } as const;
/** A sentence is not squeezed into less beside its place. */
const NARROWEST = 40;
const SEVERITIES: readonly Severity[] = ["error", "warning", "info"];

/** @param paint of severities and headings. @param columns of a line, for sentences. */
export function checkText({ findings, counts, objects, skipped, ignored = 0, known = 0, gone = 0 }: CheckResult, paint: Paint, columns = Infinity): string {
  const blocks = [...Map.groupBy(findings, ({ file }) => file)].map(([file, ofFile]) => {
    const width = Math.max(...ofFile.map((one) => placeText(one).length));
    const groups = [...Map.groupBy(ofFile, ({ object }) => (object.kind === "File" ? "" : subjectText(object)))].flatMap(([subject, ofObject]) => [
      ...(subject === "" ? [] : [`  ${printable(subject)}`]),
      ...ofObject.flatMap((one) => [
        `    ${placeText(one).padEnd(width)}  ${paint(COLOUR[one.severity], one.severity.padEnd(7))}  ${one.code}`,
        ...wrapped(messageText(one), Math.max(columns, width + NARROWEST), `    ${" ".repeat(width)}  `),
      ]),
    ]);
    return [...(file === undefined ? [] : [paint("bold", printable(file))]), ...groups, ""];
  });
  const sums = SEVERITIES.map((severity) => `${counts[severity]} ${severity === "info" ? severity : plural(severity, counts[severity])}`);
  const left = [
    ...(ignored > 0 ? [`${ignored} ignored`] : []),
    ...(known > 0 ? [`${known} known by the baseline`] : []),
    ...(gone > 0 ? [`${gone} of the baseline ${gone === 1 ? "is" : "are"} gone (--write-baseline takes ${gone === 1 ? "it" : "them"} out)`] : []),
  ];
  return `${[...blocks.flat(), [`${sums.join(", ")}; ${objects} ${plural("object", objects)} read${skipped > 0 ? `, ${skipped} of other kinds skipped` : ""}`, ...(left.length > 0 ? [left.join(", ")] : [])].join("; ")].join("\n")}\n`;
}

function placeText({ line, column, field }: PlacedFinding): string {
  return line === undefined ? printable(field) : `${line}:${column}`;
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
