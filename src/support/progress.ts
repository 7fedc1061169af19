/** Says what takes long, so that nobody thinks that nothing happens: on standard error, if that is a terminal. */
import { isScreen } from "./terminal.ts";

const LONG_MS = 1000;
/** To the beginning of the line, which is empty then. */
const CLEARED = "\r\u001b[K";

/** Gives what `work` gives. A line says after a second, and each second, what is being done and for how long, and is gone at the end. */
export function saidWhenLong<T>(what: string | (() => string), work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  return saidWhileLong(() => {
    const seconds = Math.floor((performance.now() - began) / 1000);
    return `${typeof what === "string" ? what : what()} …${seconds > 0 ? ` ${seconds} s` : ""}`;
  }, work);
}

/** Gives what `work` gives. A line says after a second, and each second, how far it is, and is gone at the end. */
export async function saidWhileLong<T>(howFar: () => string, work: () => Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY) return await work();
  const canClear = isScreen(stderr);
  let said = false;
  const say = (): void => {
    // A terminal that cannot clear a line gets one, once.
    if (canClear) stderr.write(`${CLEARED}sluice: ${howFar()}`);
    else if (!said) stderr.write(`sluice: ${howFar()}\n`);
    said = true;
  };
  // What follows a long step says so at once: it may keep this process from saying anything later.
  if (performance.now() > LONG_MS) say();
  const timer = setInterval(say, LONG_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (said && canClear) stderr.write(CLEARED);
  }
}

/** Says that a person is waited for, where standard input is a terminal. */
export function sayInputIsRead(): void {
  if (process.stdin.isTTY) process.stderr.write("sluice: reading standard input; Ctrl-D ends it\n");
}
