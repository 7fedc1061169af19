/**
 * `GET /api/v1/requests`: the journal as lines of JSON, oldest first; with `?follow`, each request that ends from now on as well.
 * A line is a request, or `{"dropped": N}`: so many ended, too, and found no room.
 */
import type { ServerResponse } from "node:http";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Journal } from "./journal.ts";

/** Bytes that may wait for a client that reads slowly. */
const MOST_UNREAD = 1024 * 1024;

/** False: too many follow already, and nothing was answered. */
export function answerRequests(journal: Journal, follow: boolean, response: ServerResponse): boolean {
  let lost = 0;
  const tell = (rows: readonly JournalRow[], dropped: number): void => {
    lost += dropped;
    if (response.writableLength > MOST_UNREAD) return void (lost += rows.length);
    const lines = [...(lost > 0 ? [{ dropped: lost }] : []), ...rows].map((line) => `${JSON.stringify(line)}\n`);
    lost = 0;
    if (lines.length > 0) response.write(lines.join(""));
  };
  const before = journal.newest();
  const end = follow ? journal.watch({ rows: tell }) : () => {};
  if (!end) return false;
  response.on("close", end);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  tell(before, 0);
  if (!follow) response.end();
  return true;
}
