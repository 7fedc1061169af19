/** How often properties are tried: a quarter of what a night has time for; all of it with NIGHTLY=1, and so many with RUNS=… */
const SHARE = 4;

/** @param nightly how often in a night. */
export function runs(nightly: number): number {
  const asked = process.env["RUNS"];
  if (asked !== undefined) return Number(asked);
  return process.env["NIGHTLY"] === "1" ? nightly : Math.ceil(nightly / SHARE);
}
