/** The straight line through measurements, by least squares. */

export interface Line {
  /** Change per unit of x. */
  readonly slope: number;
  /** Standard error of the slope. */
  readonly error: number;
  /** Change of the line over all of x. */
  readonly rise: number;
  readonly count: number;
}

/** @returns undefined for less than three points, or points at one x */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line | undefined {
  const count = points.length;
  if (count < 3) return undefined;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const xx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (xx === 0) return undefined;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / xx;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const span = Math.max(...points.map(([x]) => x)) - Math.min(...points.map(([x]) => x));
  return { slope, error: Math.sqrt(residual / (count - 2) / xx), rise: slope * span, count };
}
