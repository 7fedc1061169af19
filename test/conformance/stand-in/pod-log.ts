/** The lines that a container printed, with their times, as a kubelet gives them to the API server. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface PodLog {
  take(output: Readable): void;
  /** @param query of the kubelet's `/containerLogs`: sinceTime, sinceSeconds, tailLines, timestamps */
  read(query: URLSearchParams): string;
}

/** Older ones are forgotten. */
const MOST_LINES = 20_000;

export function podLog(): PodLog {
  const lines: { readonly at: number; readonly text: string }[] = [];
  return {
    take(output) {
      createInterface({ input: output }).on("line", (text) => {
        lines.push({ at: Date.now(), text });
        if (lines.length > MOST_LINES) lines.splice(0, MOST_LINES / 10);
      });
    },
    read(query) {
      const since = query.has("sinceTime") ? Date.parse(query.get("sinceTime") ?? "") : query.has("sinceSeconds") ? Date.now() - Number(query.get("sinceSeconds")) * 1000 : 0;
      const chosen = lines.filter(({ at }) => at >= since);
      const last = query.has("tailLines") ? chosen.slice(-Number(query.get("tailLines"))) : chosen;
      const stamped = query.get("timestamps") === "true";
      return last.map(({ at, text }) => `${stamped ? `${new Date(at).toISOString()} ` : ""}${text}\n`).join("");
    },
  };
}
