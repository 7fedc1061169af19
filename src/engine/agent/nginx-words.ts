/** Reads what nginx says against a configuration: `nginx -t` says it on standard error, a master that loads it in its error log. */
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Bytes that are read at most: more than nginx says about one configuration. */
const MOST_READ = 1024 * 1024;

/** nginx's first complaint, without its prefix. */
export function firstComplaint(output: string): string {
  const line = output.split("\n").find((one) => /\[(emerg|crit|error)\]/.test(one)) ?? output.split("\n")[0] ?? "";
  return line.replace(/^.*?\[(emerg|crit|error)\] (\d+#\d+: )?/, "").trim();
}

/** The file that nginx's error log goes to; it need not be there. */
export class EngineLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes; 0 when there is no such file. */
  get size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** nginx's first complaint after the first `size` bytes; "": none. */
  complaintSince(size: number): string {
    return firstComplaint(this.#since(size));
  }

  /** Why this master refuses a configuration, as it says after the first `size` bytes of the log; "": it does not say. */
  refusalSince(size: number, master: number): string {
    const own = this.#since(size).split("\n").filter((line) => line.includes(`[emerg] ${master}#`));
    return own.length > 0 ? firstComplaint(own.join("\n")) : "";
  }

  #since(size: number): string {
    const end = this.size;
    // The log was emptied meanwhile, because it had become too long.
    const start = end < size ? 0 : size;
    const bytes = Buffer.alloc(Math.min(end - start, MOST_READ));
    if (bytes.length === 0) return "";
    const file = openSync(this.#path, "r");
    try {
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, start));
    } finally {
      closeSync(file);
    }
  }
}
