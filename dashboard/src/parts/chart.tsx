/** Lines over time, drawn by uPlot. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clockText } from "../texts.ts";
import type { Theme } from "../theme.ts";

export interface Line {
  readonly label: string;
  /** Name of a colour in style.css, without dashes. */
  readonly colour: string;
  readonly values: readonly (number | undefined)[];
}

export interface ChartProps {
  readonly title: string;
  /** Milliseconds of Unix time, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
  readonly theme: Theme;
}

const HEIGHT = 170;

export function Chart({ title, times, lines, text, theme }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  /** Index of the time that somebody points at. */
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = [times.map((time) => time / 1000), ...lines.map(({ values }) => values.map((value) => value ?? null))] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    if (!place.current) return;
    const made = new uPlot(optionsOf(lines, text, place.current.clientWidth, setPointed), latest.current, place.current);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: place.current?.clientWidth ?? 300, height: HEIGHT }));
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme]);
  useEffect(() => plot.current?.setData(data), [times]);
  const at = pointed ?? times.length - 1;
  const valueText = ({ values }: Line): string => {
    const value = values[at];
    return value === undefined ? "–" : text(value);
  };
  return (
    <figure class="card chart">
      <figcaption>
        {title}
        <span class="keys">
          {pointed === undefined ? null : <time>{clockText(times[pointed] ?? 0)}</time>}
          {lines.map((line) => <span key={line.label}><i style={{ background: `var(--${line.colour})` }} aria-hidden="true" />{line.label} <b>{valueText(line)}</b></span>)}
        </span>
      </figcaption>
      <div ref={place} role="img" aria-label={title} />
    </figure>
  );
}

function optionsOf(lines: readonly Line[], text: (value: number) => string, width: number, point: (index: number | undefined) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return {
    width, height: HEIGHT, padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? undefined)] },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 0.001)] } },
    axes: [{ ...axis, size: 28, space: 70, values: (_, ticks) => ticks.map((tick) => clockText(tick * 1000)) }, { ...axis, size: 54, values: (_, ticks) => ticks.map(text) }],
    series: [
      {},
      ...lines.map(({ label, colour: name }): uPlot.Series => ({ label, stroke: colour(name), width: 1.5, fill: `${colour(name)}22`, points: { show: false } })),
    ],
  };
}
