/**
 * Work in numbers that do not depend on the machine: how often the functions and blocks of our code, and of the libraries
 * that it calls, were entered. To be imported first: code that was compiled before is not counted block by block.
 *
 * Source: Chrome DevTools Protocol, Profiler.startPreciseCoverage with `callCount` and `detailed`.
 */
import { Session, type Profiler } from "node:inspector";

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** Entries since the last call. */
function entries(): Promise<number> {
  return new Promise((resolve, reject) => {
    session.post("Profiler.takePreciseCoverage", (error: Error | null, { result }: Profiler.TakePreciseCoverageReturnType) => {
      if (error) return reject(error);
      let sum = 0;
      for (const { functions } of result) for (const { ranges } of functions) for (const { count } of ranges) sum += count;
      resolve(sum);
    });
  });
}

/** Entries of functions and blocks while `run` ran. Two runs must not overlap. */
export async function workOf(run: () => unknown): Promise<number> {
  await entries();
  await run();
  return await entries();
}
