/** The share of the nightly tries of a property that other runs make: a quarter. NIGHTLY=1 makes all of them, RUNS=… that number. */
const SHARE = 4;

/** How often to try a property. @param nightly how often in the nightly run. */
export function runs(nightly: number): number {
  const asked = process.env["RUNS"];
  if (asked !== undefined) return Number(asked);
  return process.env["NIGHTLY"] === "1" ? nightly : Math.ceil(nightly / SHARE);
}
