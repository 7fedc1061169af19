/**
 * `sluice logs`: the requests that the workers of this machine's Sluice noted, and with --follow each one as it ends.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { JournalRow } from "../../edge/src/journal.ts";
import { REASONS } from "../../edge/src/reasons.ts";
import { journalText, routeSelection, selects, type Selection } from "../get/requests.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { CommandLine } from "../settings.ts";
import { closest } from "../support/edit-distance.ts";
import { printable } from "../support/log.ts";
import { painterFor } from "../support/terminal.ts";
import { UserError } from "../support/user-error.ts";
import { ranInCluster } from "./in-cluster.ts";
import { askRunning, endWithReader, failureText, nobodyAnswers } from "./running.ts";
import { LOOK_PATIENCE_MS } from "./sources.ts";

export async function logsCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "logs");
  if (settings.help) return void process.stdout.write(helpFor("logs"));
  const selection = selectionOf(settings);
  if (await ranInCluster("logs", settings, argv)) return;
  if (settings.follow) endWithReader();
  const ending = new AbortController();
  const late = setTimeout(() => ending.abort(), LOOK_PATIENCE_MS);
  const response = await askRunning(settings, `/api/v1/requests${settings.follow ? "?follow" : ""}`, { signal: ending.signal }).finally(() => clearTimeout(late));
  let shown = 0;
  const paint = painterFor(process.stdout);
  const print = (line: unknown): void => {
    const text = settings.output === "json" ? JSON.stringify(line) : isRow(line) ? journalText(line, paint) : droppedText(line as Dropped);
    process.stdout.write(`${text}\n`);
  };
  try {
    for await (const text of createInterface({ input: Readable.fromWeb(response.body as ReadableStream<Uint8Array>) })) {
      const line = JSON.parse(text) as JournalRow | Dropped;
      if (isRow(line) && !selects(selection, line)) continue;
      print(line);
      shown++;
    }
  } catch (error) {
    throw nobodyAnswers(settings, failureText(error));
  }
  if (settings.follow) throw nobodyAnswers(settings, "it has ended");
  if (shown === 0 && settings.output === "text") process.stderr.write("No request that was noted is one of these: --follow shows each as it ends.\n");
}

interface Dropped {
  readonly dropped: number;
}

function isRow(line: unknown): line is JournalRow {
  return typeof line === "object" && line !== null && !("dropped" in line);
}

function droppedText({ dropped }: Dropped): string {
  return `… ${dropped} more, too many to show each`;
}

/** Throws a UserError (exit code 2) for a status or a reason that there is not. */
function selectionOf(settings: CommandLine): Selection {
  const { ofStatus, ofReason } = settings;
  const known: readonly string[] = [...REASONS, "any", "none"];
  for (const reason of ofReason) {
    if (known.includes(reason)) continue;
    const near = closest(reason, known);
    throw new UserError(`There is no reason "${printable(reason)}"${near === undefined ? ": docs/guide/why-did-sluice-answer.md lists them" : `: did you mean "${near}"?`}`, 2);
  }
  return { ...routeSelection(settings), statuses: ofStatus, reasons: ofReason };
}
