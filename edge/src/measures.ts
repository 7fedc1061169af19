/**
 * What is measured of requests, and how a tally of measurements lies in memory: a flat list of numbers, so that counting
 * a request is a few additions and neither a table nor a string is made for it.
 *
 * Pure: the edge counts in it, the controller adds tallies up and prints them.
 */

/** Upper bounds of buckets, ascending: milliseconds, and bytes. */
export interface BucketBounds {
  time: number[];
  length: number[];
  size: number[];
}

export interface Histogram {
  /** Without ingress-nginx's prefix. */
  name: string;
  scale: keyof BucketBounds;
}

/** In the order in which they lie in a tally. */
export const HISTOGRAMS: readonly Histogram[] = [
  { name: "request_duration_seconds", scale: "time" },
  { name: "connect_duration_seconds", scale: "time" },
  { name: "header_duration_seconds", scale: "time" },
  { name: "response_duration_seconds", scale: "time" },
  { name: "response_size", scale: "length" },
  { name: "bytes_sent", scale: "size" },
  { name: "request_size", scale: "length" },
];

/** The bounds of buckets, with a table that gives the bucket of each small whole value. */
export interface Scale {
  bounds: number[];
  /** Value → index of its bucket. */
  small: number[];
}

/** Values below this are looked up; the others, which are rare or have few buckets left, are searched for. */
const SMALL = 2048;

export function newScale(bounds: number[]): Scale {
  const scale: Scale = { bounds, small: [] };
  for (let value = 0; value < SMALL; value++) scale.small.push(search(scale, value));
  return scale;
}

/** Index of the first bound that the value does not exceed; that of the bucket without bound when there is none. */
function search({ bounds }: Scale, value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
  return bucket;
}

export function bucketOf(scale: Scale, value: number): number {
  return value < SMALL ? (scale.small[value] as number) : search(scale, value);
}

/** Where each histogram of a tally begins (its sum, then its buckets), and how long a tally is. Index 0 holds the number of requests. */
export interface Layout {
  starts: number[];
  length: number;
}

export function layoutOf(bounds: BucketBounds): Layout {
  const starts: number[] = [];
  let length = 1;
  for (const { scale } of HISTOGRAMS) {
    starts.push(length);
    length += 2 + bounds[scale].length;
  }
  return { starts, length };
}

/**
 * Methods that are counted apart: the index of a method is its part of a tally's key. Any other text that a client
 * sends as its method counts as the last one.
 */
export const TALLIED_METHODS: readonly string[] = [
  "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE",
  "LOCK", "UNLOCK", "OTHER",
];

/** The tallies of one route or canary, by status and method: see `tallyKey`. */
export type Tallies = Record<number, number[]>;

export const METHOD_FACTOR = 32;
