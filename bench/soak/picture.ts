/** The picture of a soak: memory of Sluice's processes over the minutes, with what was done to them. */
import { lineChart, type Series } from "../plot/line-chart.ts";
import type { Svg } from "../plot/svg.ts";
import type { Sample } from "./series.ts";

/** What `--record` writes. */
export interface SoakRecord {
  /** Processor, kernel, versions. */
  readonly machine: string;
  readonly options: { readonly minutes: number; readonly seed: number };
  readonly events: readonly { readonly at: number; readonly kind: string }[];
  readonly samples: readonly Sample[];
}

const ROLES = ["controller", "agent", "worker", "master"] as const;
/** Seconds between two points of a line: so many that a line stays one. */
const STEP = 15;

/** @throws Error when there is no sample. */
export function soakPicture({ machine, options, events, samples }: SoakRecord): Svg {
  const drawn = samples.filter(({ at }, i) => i === 0 || Math.floor(at / STEP) !== Math.floor((samples[i - 1]?.at ?? 0) / STEP));
  return lineChart({
    title: `Memory in a soak of ${options.minutes} minutes`,
    x: { title: "minutes; a dashed line: something was killed, filled, cut or stepped" },
    y: { title: "MiB, resident; of workers the largest" },
    series: ROLES.map((role): Series => ({ name: role, points: drawn.flatMap((sample) => pointsOf(sample, role)) })),
    marks: events.map(({ at, kind }) => ({ x: at / 60, name: kind })),
    note: `seed ${options.seed}; ${machine.replace(/, load before the run [^;]*/, "")}`,
  });
}

/** The largest process of a role that serves at a moment; none while there is none. */
function pointsOf({ at, processes }: Sample, role: string): readonly (readonly [number, number])[] {
  const serving = processes.filter((one) => one.role === role && one.current);
  return serving.length === 0 ? [] : [[at / 60, Math.max(...serving.map(({ residentMiB }) => residentMiB))]];
}
