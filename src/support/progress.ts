/** Says what takes long, so that nobody thinks that nothing happens. */

const LONG_MS = 1000;

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
