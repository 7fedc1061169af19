/**
 * How much speaks for a canary being worse than the primary, request by request, so that it may be looked at at any time.
 *
 * Method: testing by betting (Shafer, "Testing by betting", 2021; Waudby-Smith and Ramdas, "Estimating means of bounded random
 * variables by betting", 2024). Somebody bets that a request of the canary is bad (an error, or slow) more often than a request of the primary in
 * the same interval, by more than a margin. Each bet is at odds that are fair where the canary is not that much worse; so whoever
 * bets on a healthy canary gets rich with probability 1/N at most to be N times as rich, ever (Ville's inequality), however often
 * somebody looks and however long it goes on. Only what the two arms did in the same interval is compared: where the primary fails, too, the bet
 * loses.
 *
 * Guarantee: with `alarmAt(p)`, a canary that is worse by no more than the margin raises an alarm with probability `p` at most,
 * over all its life. It needs that requests are assigned by chance, and nothing of how often requests are bad, or of how this changes.
 *
 * Pure; plain JSON, so a file can hold it.
 */

/** Requests that ended in one interval, and those of them that were bad. */
export interface Tally {
  readonly requests: number;
  readonly bad: number;
}

/** Numbers from 0 up to 1, like `Math.random`. */
export type Random = () => number;

/** One who bets. The wealth is a logarithm, one for each stake. */
interface Bettor {
  /** 1 for the first. What is believed of later ones is worth less, so that all together stay fair. */
  readonly place: number;
  readonly wealth: readonly number[];
}

export interface Evidence {
  readonly bettors: readonly Bettor[];
  /** Requests of the canary since the last one began. */
  readonly since: number;
  /** Place of the first that began at the present step. */
  readonly anew: number;
}

export const NO_EVIDENCE: Evidence = { bettors: [], since: 0, anew: 1 };

/**
 * Shares of the wealth that are staked, all at the same time. High stakes find a canary that fails often within a few requests; low ones find a small
 * difference in many.
 */
const STAKES = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95];
/** How many logarithms the wealth of each bettor is. */
export const WEALTHS = STAKES.length;
/**
 * After so many requests of the canary another one begins, with all its wealth: a canary that was good for long, and turns bad, has
 * made the others poor.
 */
const FRESH_AFTER = 500;
/** Those with the highest place are kept, and the first: to forget one is to believe less. */
const MOST_BETTORS = 12;

/** Requests of an arm in one interval, at most: of more, as many in proportion stand for all, or whoever says huge numbers could stop who counts them. */
const MOST_AT_ONCE = 10_000;

/**
 * Adds what happened in one interval.
 *
 * @param margin how much larger the canary's share of bad requests may be than the primary's: 0.01 for one per cent
 */
export function observe(evidence: Evidence, canary: Tally, primary: Tally, margin: number, random: Random): Evidence {
  if (canary.requests === 0 || primary.requests === 0) return evidence;
  // Rounded in favour of the canary.
  const [ofCanary, ofPrimary] = [atMost(canary, Math.floor), atMost(primary, Math.ceil)];
  return betAll(evidence, ofCanary.requests, payoffs(ofCanary, ofPrimary, margin, random), margin);
}

function atMost({ requests, bad }: Tally, round: (bad: number) => number): Tally {
  return requests <= MOST_AT_ONCE ? { requests, bad } : { requests: MOST_AT_ONCE, bad: Math.min(MOST_AT_ONCE, round((bad / requests) * MOST_AT_ONCE)) };
}

/** The same where the primary gets no requests any more. @param share of its requests that was bad when it still did */
export function observeAlone(evidence: Evidence, canary: Tally, share: number, margin: number): Evidence {
  const { requests, bad } = atMost(canary, Math.floor);
  if (requests === 0) return evidence;
  return betAll(evidence, requests, new Map([[1 - share - margin, bad], [-share - margin, requests - bad]]), margin);
}

/** Logarithm of how many times as rich the bets made those who bet. */
export function strength({ bettors }: Evidence): number {
  return logSum(bettors.map(({ place, wealth }) => logSum(wealth) - Math.log(wealth.length * place * (place + 1))));
}

/**
 * What speaks against the canary at the present step alone: above 0 those who bet against it have gained. A healthy canary is there now and then, for
 * a while; a bad one hardly ever below.
 */
export function doubt({ bettors, anew }: Evidence): number {
  return Math.max(0, ...bettors.filter(({ place }) => place >= anew).map(({ wealth }) => logSum(wealth) - Math.log(wealth.length)));
}

/** To be called when a step begins: whoever bets from now on knows nothing of the steps before. */
export function beginAnew(evidence: Evidence): Evidence {
  return { ...evidence, since: FRESH_AFTER, anew: (evidence.bettors.at(-1)?.place ?? 0) + 1 };
}

/** The strength at which a canary is called worse. @param falseAlarms probability that this ever happens to one that is not */
export function alarmAt(falseAlarms: number): number {
  return -Math.log(falseAlarms);
}

/** Payoff → how often. */
type Payoffs = ReadonlyMap<number, number>;

/**
 * Sets each request of the arm that had fewer beside as many of the other arm as there are for it, by chance: the tallies do not
 * say which were together, and any order of them is as likely.
 */
function payoffs(canary: Tally, primary: Tally, margin: number, random: Random): Payoffs {
  const canaryIsFew = canary.requests <= primary.requests;
  const [few, many] = canaryIsFew ? [canary, primary] : [primary, canary];
  const groups = few.requests;
  const badOfMany = spread(many, groups, random);
  const badOfFew = chosen(few, random);
  const sizeOf = (group: number): number => Math.floor(many.requests / groups) + (group < many.requests % groups ? 1 : 0);
  const found = new Map<number, number>();
  const add = (payoff: number, times: number): void => void found.set(payoff, (found.get(payoff) ?? 0) + times);
  const special = new Set([...badOfMany.keys(), ...badOfFew]);
  for (const group of special) {
    const alone = badOfFew.has(group) ? 1 : 0;
    const mean = (badOfMany.get(group) ?? 0) / sizeOf(group);
    add((canaryIsFew ? alone - mean : mean - alone) - margin, 1);
  }
  if (groups > special.size) add(-margin, groups - special.size);
  return found;
}

/** Group → bad requests in it, when the requests are dealt out to groups like cards: the first to group 0, the next to group 1, and round again. */
function spread(tally: Tally, groups: number, random: Random): Map<number, number> {
  const counts = new Map<number, number>();
  for (const card of chosen(tally, random)) counts.set(card % groups, (counts.get(card % groups) ?? 0) + 1);
  return counts;
}

/** Which of the requests are the bad ones, by chance (Floyd's algorithm: as many draws as there are bad ones). */
function chosen({ requests, bad }: Tally, random: Random): Set<number> {
  const found = new Set<number>();
  for (let last = requests - bad; last < requests; last++) {
    const one = Math.floor(random() * (last + 1));
    found.add(found.has(one) ? last : one);
  }
  return found;
}

function betAll({ bettors, since, anew }: Evidence, requests: number, found: Payoffs, margin: number): Evidence {
  const begins = bettors.length === 0 || since >= FRESH_AFTER;
  const place = (bettors.at(-1)?.place ?? 0) + 1;
  const all = begins ? [...bettors, { place, wealth: STAKES.map(() => 0) }] : bettors;
  const kept = all.length > MOST_BETTORS ? [all[0] as Bettor, ...all.slice(1 - MOST_BETTORS)] : all;
  const gains = STAKES.map((stake) => gainOf(stake / (1 + margin), found));
  return {
    bettors: kept.map((one) => ({ place: one.place, wealth: one.wealth.map((wealth, at) => wealth + (gains[at] as number)) })),
    since: (begins ? 0 : since) + requests,
    anew,
  };
}

function gainOf(stake: number, found: Payoffs): number {
  let gain = 0;
  for (const [payoff, times] of found) gain += times * Math.log1p(stake * payoff);
  return gain;
}

/** Logarithm of the sum of what these are the logarithms of. */
function logSum(logs: readonly number[]): number {
  const largest = Math.max(-Infinity, ...logs);
  if (largest === -Infinity) return largest;
  return largest + Math.log(logs.reduce((sum, one) => sum + Math.exp(one - largest), 0));
}
