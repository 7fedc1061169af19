/**
 * What the two arms of a release did: the primary, and a canary with a rollout. Workers count in it, the controller adds it up and judges by it.
 *
 * Pure.
 */

/** Requests of one arm that the weight assigned and a backend was asked for. */
export interface Arm {
  requests: number;
  /** Answered with 5xx by the backend, or not at all: connection refused, broken, timed out. */
  errors: number;
  /** Bucket → requests, of those that are no errors. */
  times: Record<number, number>;
}

/** What the arms of one release did since the worker's last report. */
export interface ArmsRow {
  /** `namespace/name` of the canary's Ingress. */
  rollout: string;
  canary: ArmCells;
  primary: ArmCells;
}

export interface ArmCells {
  requests: number;
  errors: number;
  /** Bucket and requests in turn. */
  times: number[];
}

/** Rows of one message. */
export const ARMS_PER_MESSAGE = 100;

const PER_OCTAVE = 8;
const LN2 = Math.log(2);
/** A request of a day and one of a week are the same to whoever compares them. */
export const LAST_BUCKET = 208;

/** Bucket 0 holds up to one millisecond; the upper bound of bucket `i` is 2^(i/8) ms. */
export function bucketOfTime(milliseconds: number): number {
  if (milliseconds <= 1) return 0;
  const bucket = Math.ceil((PER_OCTAVE * Math.log(milliseconds)) / LN2 - 1e-9);
  return bucket < LAST_BUCKET ? bucket : LAST_BUCKET;
}

/** Upper bound of a bucket, milliseconds. */
export function boundOfTime(bucket: number): number {
  return 2 ** (bucket / PER_OCTAVE);
}
