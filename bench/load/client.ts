/** What our own clients have in common: how they are told what to do, how they count, and what they print. */
import type { Load, LoadLine } from "../load.ts";
import { quantile } from "../statistics.ts";

/** The load that is the program's one argument. */
export function loadOfArguments(): Load {
  return JSON.parse(process.argv[2] ?? "{}") as Load;
}

export interface Count {
  /** One that was answered as it should be, and how many microseconds it took. */
  done(micros: number): void;
  failed(): void;
  /** One that was sent later than it should. */
  late(): void;
  /** Writes the line that `load.ts` reads. */
  print(): void;
}

export function count(): Count {
  const begun = performance.now();
  const times: number[] = [];
  let failures = 0;
  let late = 0;
  return {
    done: (micros) => void times.push(micros),
    failed: () => void failures++,
    late: () => void late++,
    print() {
      const [p50 = 0, p99 = 0, p999 = 0] = [0.5, 0.99, 0.999].map((q) => Math.round(quantile(times, q)) || 0);
      const line: LoadLine = { requests: times.length, micros: Math.round((performance.now() - begun) * 1000), p50, p99, p999, failed: failures, late };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
  };
}

/** The request of a load, as bytes of HTTP/1.1. @param i which host of several is asked for. */
export function requestOf({ host, hosts = 1, path = "/", headers = [] }: Load, i = 0, ...more: readonly string[]): string {
  const name = host.replace("%d", String((i * 7919) % hosts));
  return `${[`GET ${path} HTTP/1.1`, `Host: ${name}`, ...headers, ...more].join("\r\n")}\r\n\r\n`;
}

/** Bytes of the answer that `text` begins with, head included; 0: it is not whole yet. An answer has a Content-Length, or no body. */
export function answerLength(text: string): number {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const [, length = "0"] = /^content-length: *(\d+)/im.exec(text.slice(0, end + 2)) ?? [];
  const whole = end + 4 + Number(length);
  return text.length >= whole ? whole : 0;
}

export function isSuccess(answer: string): boolean {
  return /^HTTP\/1\.1 [23]/.test(answer);
}
