/** The journal of a running Sluice, as its health port tells it. */
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Sluice } from "./sluice.ts";

/** Oldest first. */
export async function journalOf(sluice: Pick<Sluice, "ask">): Promise<readonly JournalRow[]> {
  const { text } = await sluice.ask("/api/v1/requests");
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as JournalRow);
}
