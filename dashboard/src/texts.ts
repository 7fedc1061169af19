/** Numbers and times as people read them. */

/** `0`, `0.4`, `12`, `1.2k`. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.05) return "<0.1";
  if (perSecond < 10) return perSecond.toFixed(1).replace(/\.0$/, "");
  if (perSecond < 1000) return perSecond.toFixed(0);
  return `${(perSecond / 1000).toFixed(perSecond < 10_000 ? 1 : 0)}k`;
}

/** `12 345`. */
export function countText(number: number): string {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}

/** `1 host`, `12 hosts`. */
export function numberOf(number: number, one: string, many = `${one}s`): string {
  return `${countText(number)} ${number === 1 ? one : many}`;
}

export function percentText(part: number, of: number): string {
  if (of <= 0 || part <= 0) return "0 %";
  const percent = (100 * part) / of;
  return percent < 0.1 ? "<0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0).replace(/\.0$/, "")} %`;
}

/** `0.8 ms`, `12 ms`, `1.4 s`. */
export function durationText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "–";
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

export function clockText(time: number): string {
  return new Date(time).toLocaleTimeString("en-GB");
}

export function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
