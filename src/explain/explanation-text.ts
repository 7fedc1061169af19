/** An explanation as people read it. */
import { findingText, subjectText, type Finding } from "../model/findings/findings.ts";
import { ANSWERS } from "../report/answers.ts";
import { printable } from "../support/text.ts";
import type { TriedRule } from "./tried-rules.ts";
import type { Explanation } from "./explanation.ts";
import type { InEffect } from "./in-effect.ts";
import { liveLines } from "./live-text.ts";
import type { Live } from "./live.ts";
import type { Logged } from "./logged.ts";

/** What may come with an explanation. */
interface Told extends Explanation {
  readonly inEffect?: readonly InEffect[];
  readonly logged?: Logged;
  readonly live?: Live;
}

/** Rules that lost, without --all. */
const RULES_SHOWN = 5;
/** Characters of a value. */
const LONGEST_VALUE = 100;

/** @param all with all rules of the host. */
export function explanationText({ request, steps, findings, rules = [], inEffect = [], logged, live }: Told, all: boolean): string {
  const width = Math.max(...steps.map(({ what }) => what.length));
  const lines = steps.map(({ what, result, why }) => `  ${what.padEnd(width)}  ${result}${why ? `\n  ${" ".repeat(width)}  ${why}` : ""}`);
  const notes = findings.map((finding) => `  ${finding.severity}: ${findingText(finding)} (${placeText(finding)})`);
  return printableLines([
    ...(logged ? loggedLines(logged) : []),
    request,
    ...lines,
    ...(all ? allRules(rules) : losers(rules)),
    ...inEffectLines(inEffect),
    ...(notes.length > 0 ? ["Findings that may concern it:", ...notes] : []),
    ...(live ? liveLines(live) : []),
    "",
  ]);
}

function placeText({ object, file, line }: Finding): string {
  return file === undefined ? subjectText(object) : `${file}:${line ?? 1}`;
}

function printableLines(lines: readonly string[]): string {
  return lines.flatMap((line) => line.split("\n")).map(printable).join("\n");
}

function allRules(rules: readonly TriedRule[]): string[] {
  if (rules.length === 0) return [];
  const marks = { takes: "→", matches: "·", no: " " } as const;
  return ["All rules of the host, in the order in which they are tried:", ...rules.map((one) => `  ${marks[one.outcome]} ${ruleLine(one)}`)];
}

/** Declared rules that match as well, and those that only a condition, or an expression that nginx alone can run, kept from matching. */
function losers(rules: readonly TriedRule[]): string[] {
  const near = rules.filter(({ undeclared }) => !undeclared).filter(({ outcome, why }) => outcome === "matches" || (outcome === "no" && why !== "another path" && why !== "its expression does not match"));
  if (near.length === 0) return [];
  const more = near.length > RULES_SHOWN ? [`  and ${near.length - RULES_SHOWN} more (--all)`] : [];
  return ["Other rules for this path:", ...near.slice(0, RULES_SHOWN).map((one) => `  ${ruleLine(one)}`), ...more];
}

function ruleLine({ rule, target, object, why }: TriedRule): string {
  return `${rule} to ${target}, ${object}${why === "" ? "" : `: ${why}`}`;
}

function inEffectLines(inEffect: readonly InEffect[]): string[] {
  if (inEffect.length === 0) return [];
  return ["What is set for it:", ...inEffect.flatMap(({ object, values }) => [`  ${object}`, ...Object.entries(values).map(([name, value]) => `    ${name}: ${clipped(value)}`)])];
}

function clipped(value: string): string {
  const [first = "", ...more] = value.trim().split("\n");
  return first.length > LONGEST_VALUE || more.length > 0 ? `${first.slice(0, LONGEST_VALUE)} …` : first;
}

function loggedLines({ time, client, request, status, took, attempts, reason, pool, hosts }: Logged): string[] {
  const head = [`${time === undefined ? "" : `${time}: `}${request}`, client === undefined ? "" : ` from ${client}`, status === undefined ? "" : `, answered ${status}`, took === undefined ? "" : ` after ${took} s`];
  const tried = attempts.map(({ endpoint, status: answer, took: seconds }) => `  tried ${endpoint}${answer === undefined || answer === "-" ? ": no answer" : `: ${answer}`}${seconds === undefined || seconds === "-" ? "" : ` after ${seconds} s`}`);
  const nobody = attempts.length === 0 ? ["  no backend was asked: Sluice answered itself"] : [];
  const why = reason === undefined ? [] : [`  ${reason}: ${ANSWERS[reason].means}`, `    ${ANSWERS[reason].look}`];
  const about = hosts.length > 1 ? [`  The line does not name its host: ${hosts.slice(0, RULES_SHOWN).join(", ")}${hosts.length > RULES_SHOWN ? ", …" : ""} lead to ${pool ?? "its backend"}. Put $host into log-format-upstream.`] : [];
  return [head.join(""), ...tried, ...nobody, ...why, ...about, "What the objects say now:"];
}
