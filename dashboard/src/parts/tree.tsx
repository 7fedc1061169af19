/** The way of traffic as a list in lists: for narrow screens, and for those who hear the page instead of seeing it. */
import type { JSX } from "preact";
import { flowText, type LiveWay, type Node } from "../way-rates.ts";

export function Tree({ way }: { readonly way: LiveWay }): JSX.Element {
  return <ul class="tree" aria-label="Way of the traffic">{way.columns[0]?.map((node) => <Branch key={node.key} node={node} depth={0} way={way} />)}</ul>;
}

const COLUMNS = ["Host", "Route", "Share", "Service", "Endpoint"];

function Branch({ node, depth, way }: { readonly node: Node; readonly depth: number; readonly way: LiveWay }): JSX.Element {
  const next = way.columns[depth + 1] ?? [];
  const targets = way.flows.filter(({ from }) => from === node.key).flatMap(({ to }) => next.find(({ key }) => key === to) ?? []);
  const rate = flowText(node);
  return (
    <li>
      <span class="kind">{COLUMNS[depth]}</span> <strong>{node.title}</strong> <span class="soft">{node.note}</span>
      {rate === "" ? null : <span class={`pill ${(node.failed ?? 0) > 0 ? "bad" : "soft"}`}>{rate}</span>}
      {targets.length > 0 ? <ul>{targets.map((one) => <Branch key={one.key} node={one} depth={depth + 1} way={way} />)}</ul> : null}
    </li>
  );
}
