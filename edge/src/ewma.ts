/**
 * Exponentially weighted moving averages of response times (ingress-nginx's `ewma`): of two endpoints drawn
 * at random the one with the lower average takes the request.
 *
 * Pure: the caller keeps the averages.
 */

/** Seconds after which the weight of a measurement has fallen to 1/e. */
const DECAY = 10;

/** The average `elapsed` seconds later, with a new measurement in it; 0 as the measurement lets the average fade. */
export function decayed(average: number, elapsed: number, measured: number): number {
  const weight = Math.exp(-(elapsed > 0 ? elapsed : 0) / DECAY);
  return average * weight + measured * (1 - weight);
}

/**
 * Draws two endpoints that were not tried yet (any two, when all were tried). Answers the index of the one with the
 * lower score.
 *
 * @param random draws a whole number in `1..count`
 */
export function betterOfTwo(
  peers: readonly string[], tried: readonly number[] | undefined, random: (count: number) => number, score: (peer: string) => number,
): number {
  const count = peers.length;
  const free = tried === undefined || tried.length >= count ? count : count - tried.length;
  const first = random(free) - 1;
  if (free === 1) return untried(first, count, free, tried);
  const drawn = random(free - 1) - 1;
  const second = drawn >= first ? drawn + 1 : drawn;
  const a = untried(first, count, free, tried);
  const b = untried(second, count, free, tried);
  return score(peers[a] as string) <= score(peers[b] as string) ? a : b;
}

/** The endpoint at a place among those that were not tried. */
function untried(place: number, count: number, free: number, tried: readonly number[] | undefined): number {
  if (tried === undefined || free === count) return place;
  let left = place;
  for (let i = 0; i < count; i++) {
    if (!isListed(tried, i)) {
      if (left === 0) return i;
      left--;
    }
  }
  return place;
}

export function isListed(list: readonly number[], wanted: number): boolean {
  for (const one of list) if (one === wanted) return true;
  return false;
}

/** The last of nginx's comma-separated values, one per attempt: `0.004, 0.120` → `0.120`. */
export function lastOf(values: string): string {
  let from = values.length;
  while (from > 0 && values.charCodeAt(from - 1) !== 32) from--;
  return values.slice(from);
}
