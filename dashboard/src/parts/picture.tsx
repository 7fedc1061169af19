/**
 * The way of traffic as a picture: host, routes, shares, Services and endpoints in columns, and lines whose width grows
 * with the requests. `Tree` says the same in words, so this is hidden from those who do not see.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { flowText, type Flow, type LiveWay, type Node } from "../way-rates.ts";

/** Shares of the width. */
const COLUMNS = [
  { title: "Host", share: 0.19 }, { title: "Route", share: 0.21 }, { title: "Share", share: 0.22 }, { title: "Service", share: 0.2 }, { title: "Endpoint", share: 0.18 },
] as const;
/** Pixels. Below this width the picture is scrolled. */
const NARROWEST = 860;
const GAP = 32;
const ROW = 54;
const BOX = 44;
const HEAD = 22;
const INSET = 8;
/** Width of a letter in a title, a note and a rate, on average. */
const TITLE_LETTER = 6.9;
const NOTE_LETTER = 5.9;
const RATE_LETTER = 6.6;

interface Placed {
  readonly node: Node;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export function Picture({ way }: { readonly way: LiveWay }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(NARROWEST);
  useLayoutEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(NARROWEST, Math.floor(entry?.contentRect.width ?? 0))));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const height = HEAD + Math.max(...way.columns.map((column) => column.length)) * ROW;
  const placed = place(way, width, height - HEAD);
  return (
    <div ref={box} class="picture scroll" aria-hidden="true">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
        {COLUMNS.map(({ title }, column) => <text key={title} class="head" x={left(column, width)} y={12}>{title}</text>)}
        {way.flows.map((flow) => <FlowLine key={`${flow.from} ${flow.to}`} flow={flow} from={placed.get(flow.from)} to={placed.get(flow.to)} />)}
        {[...placed.values()].map((one) => <Box key={one.node.key} {...one} />)}
      </svg>
    </div>
  );
}

function widthOf(column: number, width: number): number {
  return (width - GAP * (COLUMNS.length - 1) - 2) * (COLUMNS[column]?.share ?? 0);
}

function left(column: number, width: number): number {
  return 1 + COLUMNS.slice(0, column).reduce((sum, _, before) => sum + widthOf(before, width) + GAP, 0);
}

/** Each column is spread over the height. */
function place({ columns }: LiveWay, width: number, height: number): ReadonlyMap<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const [column, nodes] of columns.entries()) {
    const each = height / Math.max(1, nodes.length);
    for (const [index, node] of nodes.entries()) {
      placed.set(node.key, { node, x: left(column, width), y: HEAD + each * index + (each - BOX) / 2, width: widthOf(column, width) });
    }
  }
  return placed;
}

function FlowLine({ flow, from, to }: { readonly flow: Flow; readonly from: Placed | undefined; readonly to: Placed | undefined }): JSX.Element | null {
  if (!from || !to) return null;
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + BOX / 2, to.x, to.y + BOX / 2];
  const bend = (x2 - x1) / 2;
  const width = flow.rate > 0 ? Math.min(10, 1.5 + 1.6 * Math.log10(1 + flow.rate * 3)) : 1;
  const state = flow.rate === 0 ? "idle" : flow.failed > 0 ? "bad" : "flows";
  return <path class={`flow ${state}`} d={`M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`} stroke-width={width}><title>{flowText(flow)}</title></path>;
}

function Box({ node, x, y, width }: Placed): JSX.Element {
  const { title, note, failed = 0 } = node;
  const rate = flowText({ ...(node.rate === undefined ? {} : { rate: node.rate }) });
  return (
    <g class={`box ${failed > 0 ? "bad" : ""}`}>
      <title>{[title, note, flowText(node)].filter((text) => text !== "").join("\n")}</title>
      <rect x={x} y={y} width={width} height={BOX} rx={6} />
      <text class="title" x={x + INSET} y={y + 18}>{cut(title, (width - 2 * INSET) / TITLE_LETTER)}</text>
      <text class="note" x={x + INSET} y={y + 34}>{cut(note, (width - 3 * INSET - rate.length * RATE_LETTER) / NOTE_LETTER)}</text>
      <text class="rate" x={x + width - INSET} y={y + 34}>{rate}</text>
    </g>
  );
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
}
