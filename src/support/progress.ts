/** Says what takes long, so that nobody thinks that nothing happens. */

import { isScreen } from "./terminal.ts";

const LONG_MS = 1000;
/** To the beginning of the line, which is empty then. */
const CLEARED = "\r\u001b[K";

/** Gives what `work` gives. A line on standard error, if that is a terminal, says after a second what is being done. */
export async function saidWhenLong<T>(what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    if (process.stderr.isTTY) process.stderr.write(`sluice: ${what} …\n`);
  }, LONG_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** Gives what `work` gives. A line on standard error, if that is a terminal, says each second how far it is, and is gone at the end. */
export async function saidWhileLong<T>(howFar: () => string, work: Promise<T>): Promise<T> {
  let said = false;
  const timer = setInterval(() => {
    if (!isScreen(process.stderr)) return;
    process.stderr.write(`${CLEARED}sluice: ${howFar()}`);
    said = true;
  }, LONG_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (said) process.stderr.write(CLEARED);
  }
}

/** Says that a person is waited for, where standard input is a terminal. */
export function sayInputIsRead(): void {
  if (process.stdin.isTTY) process.stderr.write("sluice: reading standard input; Ctrl-D ends it\n");
}
