/** Releases of canaries in full, for people: how far each is, what it waits for, and how both versions do. */
import type { ArmStatus, RolloutStatus } from "../rollout/status.ts";
import { cutTo, type Paint } from "../support/terminal.ts";
import { printable, wrapped } from "../support/text.ts";
import { agoText, durationText, NO_ROLLOUTS, releaseTable, errorShare, STATUS_COLOURS, type ReleasesPicture } from "./rollout-table.ts";

/** More releases than so many are a table. */
const FEW = 4;
/** Columns of what stands before each line. */
const LABEL = 12;
/** Texts are not wider, however wide a terminal is. */
const WIDEST = 100;
/** Of a bar, where a line has room for it; else a short one. */
const BAR = 24;
const SHORT_BAR = 10;
const ROOMY = 80;

/** Lines without a newline at the end of the last one: each release in full if they are few and have room, else a table. */
export function releaseLines(statuses: readonly RolloutStatus[], picture: ReleasesPicture): readonly string[] {
  const { width = Infinity, height = Infinity } = picture;
  if (statuses.length === 0) return [cutTo(NO_ROLLOUTS, width)];
  const full = statuses.flatMap((status, index) => [...(index === 0 ? [] : [""]), ...fullLines(status, picture)]);
  if (statuses.length <= FEW && full.length <= height) return full;
  if (statuses.length === 1) return full.slice(0, height);
  const hint = ["", ...wrapped('"sluice rollout status ingress/NAMESPACE/NAME" shows one in full.', width, "")];
  if (height <= 2 * hint.length) return releaseTable(statuses, picture);
  return [...releaseTable(statuses, { ...picture, height: height - hint.length }), ...hint];
}

function fullLines(status: RolloutStatus, { paint, width = Infinity, now }: ReleasesPicture): readonly string[] {
  const { ingress, weight, waitingFor, begun, since, last } = status;
  const across = Math.min(width, WIDEST);
  const bar = width < ROOMY ? SHORT_BAR : BAR;
  const text = (label: string, what: string): readonly string[] => labelled(label, wrapped(what, across, " ".repeat(LABEL)), paint);
  const line = (label: string, what: string): readonly string[] => labelled(label, [" ".repeat(LABEL) + cutTo(what, width - LABEL)], paint);
  return [
    headLine(ingress, status.status, `${weight} % of the requests`, { paint, width }),
    ...labelled("steps", [" ".repeat(LABEL) + stepsText(status, width - LABEL, paint)], paint),
    ...(isUnderWay(status) ? [...line("time", timeText(status, bar)), ...line("requests", requestsText(status, bar))] : []),
    ...(waitingFor === undefined ? [] : text("waits for", waitingFor)),
    ...armLines(status).map((one) => cutPainted(one, width, paint)),
    ...text("since", `${agoText(since, now)}${begun === since ? "" : `, begun ${agoText(begun, now)} ago`}`),
    ...text("last", last),
    ...(NEXT[status.status] === undefined ? [] : text("next", `${NEXT[status.status]} "sluice rollout restart ingress/${printable(ingress)}" begins this one anew.`)),
  ];
}

/** What people can do where nothing goes on by itself. */
const NEXT: Readonly<Partial<Record<RolloutStatus["status"], string>>> = {
  failed: '"sluice logs --status=5xx" shows requests that failed. A new version begins a new release;',
  aborted: "A new version begins a new release;",
};

function labelled(label: string, [first = "", ...more]: readonly string[], paint: Paint): readonly string[] {
  return [`  ${paint("dim", label.padEnd(LABEL - 2))}${first.slice(LABEL)}`, ...more];
}

function headLine(ingress: string, status: RolloutStatus["status"], rest: string, { paint, width }: { paint: Paint; width: number }): string {
  const tail = `   ${status}   ${rest}`;
  const name = cutTo(`ingress/${printable(ingress)}`, Math.max(1, width - tail.length));
  return cutPainted([{ text: name, style: "bold" }, { text: "   " }, { text: status, style: STATUS_COLOURS[status] }, { text: `   ${rest}` }], width, paint);
}

/** A part of a line; `style` absent: as it is. */
interface Painted {
  readonly text: string;
  readonly style?: Parameters<Paint>[0];
}

/** The parts as one line of so many columns at most. */
function cutPainted(parts: readonly Painted[], width: number, paint: Paint): string {
  let left = width;
  return parts.map(({ text, style }) => {
    const shown = text.length <= left ? text : left <= 0 ? "" : cutTo(text, left);
    left -= text.length;
    return style === undefined ? shown : paint(style, shown);
  }).join("").trimEnd();
}

/** Whether it goes on by itself, or would if nobody held it. */
function isUnderWay({ status }: RolloutStatus): boolean {
  return status === "advancing" || status === "paused";
}

/** `✓ 5 %  ▶ 20 %  · 50 %  · 100 %   step 2 of 4`; of more steps than a line has room for, those around the present one. */
function stepsText(status: RolloutStatus, width: number, paint: Paint): string {
  const { steps, step } = status;
  const marks = steps.map((weight, index): Painted => {
    const [mark, style] = markOf(status, index + 1);
    return { text: `${mark} ${weight} %`, ...(style === undefined ? {} : { style }) };
  });
  const end = `step ${step} of ${steps.length}`;
  const lengthOf = (from: number, to: number): number => marks.slice(from, to).reduce((sum, { text }) => sum + text.length + 2, 1) + (from > 0 ? 3 : 0) + (to < marks.length ? 3 : 0) + end.length;
  let [from, to] = [0, marks.length];
  while (to - from > 1 && lengthOf(from, to) > width) {
    // The side that is farther from the present step gives way.
    if (step - 1 - from >= to - step) from++;
    else to--;
  }
  const between = { text: "  " };
  const parts = marks.slice(from, to).flatMap((one) => [one, between]);
  return cutPainted([...(from > 0 ? [{ text: "…" }, between] : []), ...parts, ...(to < marks.length ? [{ text: "…" }, between] : []), { text: ` ${end}`, style: "dim" }], width, paint);
}

type Mark = readonly [mark: string, style: Painted["style"]];

function markOf({ status, step }: RolloutStatus, own: number): Mark {
  if (status === "ready" || own < step || (status === "promoted" && own === step)) return ["✓", "green"];
  if (own > step || status === "promoted") return ["·", "dim"];
  const present: Readonly<Record<typeof status, Mark>> = { advancing: ["▶", "bold"], paused: ["‖", "yellow"], failed: ["✗", "red"], aborted: ["✗", "yellow"] };
  return present[status];
}

function timeText({ lasted, lasts }: RolloutStatus, bar: number): string {
  const left = lasts - lasted;
  return `${barText(lasted, lasts, bar)} ${durationText(lasted)} of ${durationText(lasts)}${left > 0 ? `, ${durationText(left)} left` : ""}`;
}

function requestsText({ requests, requestsNeeded: needed, lasted }: RolloutStatus, bar: number): string {
  const left = needed - requests;
  const rate = lasted > 0 ? requests / lasted : 0;
  const more = left <= 0 ? "" : `, ${left.toLocaleString("en")} more${rate > 0 ? ` (about ${durationText(left / rate)})` : ""}`;
  return `${barText(requests, needed, bar)} ${requests.toLocaleString("en")} of ${needed.toLocaleString("en")}${more}`;
}

function barText(part: number, whole: number, length: number): string {
  const full = whole <= 0 ? length : Math.min(length, Math.floor((length * part) / whole));
  return "█".repeat(full) + "░".repeat(length - full);
}

/** Both versions at the present step, beside each other; none where neither had a request. */
function armLines({ arms, quantile }: RolloutStatus): readonly (readonly Painted[])[] {
  const { canary, primary } = arms;
  if (canary.requests === 0 && primary.requests === 0) return [];
  const isTimed = quantile !== undefined;
  const cells = (name: string, { requests, errors, took }: ArmStatus): readonly string[] =>
    [name, requests.toLocaleString("en"), requests === 0 ? "-" : errorShare(errors, requests), ...(isTimed ? [took === undefined ? "-" : `${took} ms`] : [])];
  const rows = [["", "requests", "errors", ...(isTimed ? [`p${Number((quantile * 100).toFixed(1))}`] : [])], cells("canary", canary), cells("primary", primary)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row, index): readonly Painted[] => {
    const [name = "", ...figures] = row;
    const figureText = figures.map((text, at) => text.padStart(widths[at + 1] ?? 0)).join("   ");
    const style = index === 0 ? { style: "dim" as const } : {};
    return [{ text: `  ${name.padEnd(LABEL - 2)}`, style: "dim" }, { text: figureText, ...style }];
  });
}
