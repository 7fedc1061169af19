/** What the run proves. Pure: from what was noted to rows, each of which holds or does not. */
import type { Role } from "./census.ts";
import type { Change } from "./change.ts";
import type { Judged } from "./excuses.ts";
import type { Notes } from "./notes.ts";
import type { Sample } from "./series.ts";
import { fitLine, type Line } from "./slope.ts";

export interface VerdictRow {
  readonly what: string;
  readonly measured: string;
  /** "" where the row is for information. */
  readonly bound: string;
  readonly holds: boolean | undefined;
}

export interface Outcome {
  readonly kind: string;
  readonly seconds: number;
  /** Why it was not as before afterwards. */
  readonly problem?: string;
}

/** A process from its first to its last sample. */
export interface Life {
  readonly role: Role;
  readonly pid: number;
  readonly minutes: number;
  /** MiB, and descriptors, an hour: of a controller what is live, of the others memory of their own. */
  readonly memory: Line;
  readonly descriptors: Line;
}

/**
 * Samples of a process that is younger than so many seconds say how it becomes warm. V8 lets the controller's heap of a hundred MiB grow by
 * forty while it compiles what is used often, and stay there: within eight minutes under this churn.
 */
const WARM_UP: Readonly<Record<Role, number>> = { controller: 480, agent: 90, master: 90, worker: 90 };
/** A process must be judged over at least that. */
const LEAST_SECONDS = 240;
const HOUR = 3600;
/**
 * How much may be gained: an hour, and in all. Memory that is collected from time to time makes saws, so a process that gained less
 * than that in all is flat.
 */
const GAINS: Readonly<Record<Role, { readonly mibPerHour: number; readonly mib: number }>> = {
  controller: { mibPerHour: 24, mib: 16 }, agent: { mibPerHour: 12, mib: 12 }, master: { mibPerHour: 2, mib: 4 }, worker: { mibPerHour: 12, mib: 8 },
};
const DESCRIPTORS = { perHour: 60, gain: 48 };
const SIGMAS = 3;

/** The lives that were long enough to be judged, the longest of each role first. */
export function livesOf(samples: readonly Sample[]): Life[] {
  const lives = new Map<string, { role: Role; pid: number; points: (readonly [number, number, number])[] }>();
  for (const { at, processes } of samples) {
    for (const { pid, started, role, ownMiB, liveMiB, descriptors, current } of processes) {
      const key = `${role} ${pid} ${started}`;
      const life = lives.get(key) ?? { role, pid, points: [] };
      lives.set(key, life);
      // What becomes old loses its connections, and says nothing of leaks.
      if (current && (role !== "controller" || liveMiB !== undefined)) life.points.push([at, liveMiB ?? ownMiB, descriptors]);
    }
  }
  return [...lives.values()].flatMap(({ role, pid, points }) => {
    const warm = points.filter(([at]) => at >= (points[0]?.[0] ?? 0) + WARM_UP[role]);
    const seconds = (warm.at(-1)?.[0] ?? 0) - (warm[0]?.[0] ?? 0);
    const memory = fitLine(warm.map(([at, own]) => [at / HOUR, own]));
    const descriptors = fitLine(warm.map(([at, , fds]) => [at / HOUR, fds]));
    return memory && descriptors && seconds >= LEAST_SECONDS ? [{ role, pid, minutes: seconds / 60, memory, descriptors }] : [];
  }).sort((a, b) => b.minutes - a.minutes);
}

export function growsBeyond({ slope, error, rise }: Line, perHour: number, gain: number): boolean {
  return slope - SIGMAS * error > perHour && rise > gain;
}

export function lifeRows(samples: readonly Sample[]): VerdictRow[] {
  const lives = livesOf(samples);
  const rows: VerdictRow[] = [];
  for (const role of ["controller", "agent", "master", "worker"] as const) {
    const of = lives.filter((life) => life.role === role);
    const [longest] = of;
    if (!longest) {
      rows.push({ what: `memory and descriptors of the ${role}`, measured: "none lived long enough to be judged", bound: "", holds: undefined });
      continue;
    }
    const { mibPerHour, mib } = GAINS[role];
    const shown = (pick: (life: Life) => Line): string => {
      const worst = of.reduce((a, b) => (pick(a).slope - SIGMAS * pick(a).error >= pick(b).slope - SIGMAS * pick(b).error ? a : b));
      const text = ({ minutes }: Life, line: Line): string => `${signed(line.slope)} ± ${line.error.toFixed(1)}/h over ${minutes.toFixed(0)} min`;
      return text(longest, pick(longest)) + (worst === longest ? "" : `; the steepest of ${of.length}: ${text(worst, pick(worst))} (${signed(pick(worst).rise)})`);
    };
    rows.push({
      what: `${role === "controller" ? "live memory" : "memory"} of the ${role}, MiB`, measured: shown(({ memory }) => memory), bound: `≤ ${mibPerHour}/h, or ≤ ${mib} in all`,
      holds: of.every(({ memory }) => !growsBeyond(memory, mibPerHour, mib)),
    }, {
      what: `descriptors of the ${role}`, measured: shown(({ descriptors }) => descriptors), bound: `≤ ${DESCRIPTORS.perHour}/h, or ≤ ${DESCRIPTORS.gain} in all`,
      holds: of.every(({ descriptors }) => !growsBeyond(descriptors, DESCRIPTORS.perHour, DESCRIPTORS.gain)),
    });
  }
  return rows;
}

const signed = (value: number): string => `${value >= 0 ? "+" : ""}${value.toFixed(1)}`;

export function requestRows({ kinds, counts, requests }: Pick<Notes, "kinds" | "counts" | "requests">, { lost, excused }: Judged): VerdictRow[] {
  const wrong = lost.filter((note) => note.wrong).length;
  return [
    info("requests, WebSocket messages included", grouped(requests())),
    ...[...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => info(`  ${kind}`, `${grouped(count.requests)}${count.failed > 0 ? `, ${count.failed} failed` : ""}`)),
    zero("lost requests", lost.length - wrong),
    zero("wrong answers", wrong),
    ...[...excused].map(([why, count]) => info(`failed, excused: ${why}`, String(count))),
    ...[...counts].map(([what, count]) => info(what, String(count))),
  ];
}

export function changeRows(changes: readonly Change[]): VerdictRow[] {
  const kinds = [...new Set(changes.map(({ what }) => what))].sort();
  return [
    ...kinds.map((kind) => {
      const of = changes.filter(({ what }) => what === kind);
      const calm = of.flatMap(({ ms, calm: undisturbed }) => (ms !== undefined && undisturbed ? [ms] : [])).sort((a, b) => a - b);
      const at = (q: number): string => (calm[Math.max(0, Math.ceil(q * calm.length) - 1)] ?? NaN).toFixed(0);
      return info(`${kind} → live`, `${of.length} times${calm.length === 0 ? "" : `; ${calm.length} undisturbed: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms`}`);
    }),
    zero("changes that were not live in time", changes.filter(({ ms }) => ms === undefined).length),
  ];
}

export function outcomeRows(outcomes: readonly Outcome[]): VerdictRow[] {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  return [
    ...kinds.map((kind) => {
      const of = outcomes.filter((one) => one.kind === kind);
      return info(kind, `${of.length} times, over after ${Math.max(...of.map(({ seconds }) => seconds)).toFixed(1)} s at most`);
    }),
    zero("disturbances after which something was missing", outcomes.filter(({ problem }) => problem !== undefined).length),
  ];
}

export function info(what: string, measured: string): VerdictRow {
  return { what, measured, bound: "", holds: undefined };
}

export function zero(what: string, count: number): VerdictRow {
  return { what, measured: String(count), bound: "0", holds: count === 0 };
}

export function within(what: string, value: number, most: number, unit: string, least = -Infinity): VerdictRow {
  const bound = least === -Infinity ? `≤ ${most} ${unit}` : `${least} to ${most} ${unit}`;
  return { what, measured: `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`.trim(), bound: bound.trim(), holds: value <= most && value >= least };
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
