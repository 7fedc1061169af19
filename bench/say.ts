/** Lines of progress on standard error. */
import { interrupted } from "./ending.ts";

const EVERY_MS = 10_000;

/**
 * Gives what says lines of progress. A line that nothing followed for ten seconds is said again with its seconds, so that nobody
 * takes the run for one that hangs. Silent once the run is interrupted.
 */
export function sayer(name: string): (text: string) => void {
  let [last, begun] = ["", 0];
  let again: NodeJS.Timeout | undefined;
  const write = (text: string): void => {
    if (!interrupted.aborted) process.stderr.write(`${name}: ${text}\n`);
  };
  return (text) => {
    write(text);
    [last, begun] = [text, performance.now()];
    again ??= setInterval(() => write(`${last} (${Math.round((performance.now() - begun) / 1000)} s so far)`), EVERY_MS).unref();
    again.refresh();
  };
}
