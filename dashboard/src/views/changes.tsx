/** What changed, when, and how soon every worker served it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ServedChange } from "../../../src/dashboard/shapes.ts";
import { clockText, dayText, durationText } from "../texts.ts";

export function ChangesView({ changes }: { readonly changes: readonly ServedChange[] }): JSX.Element {
  const [endpoints, setEndpoints] = useState(true);
  const shown = changes.filter((change) => endpoints || !isOfEndpoints(change));
  return (
    <section>
      <h1>Changes</h1>
      <label class="check"><input type="checkbox" checked={endpoints} onChange={(event) => setEndpoints(event.currentTarget.checked)} /> endpoints that come and go, too</label>
      {shown.length === 0 ? <p class="soft">None yet.</p> : <ul class="lines card">{shown.map((change) => <ChangeLine key={`${change.id} ${change.time}`} change={change} />)}</ul>}
    </section>
  );
}

function isOfEndpoints({ objects, parts }: ServedChange): boolean {
  return objects.length === 0 && parts.every((part) => part.startsWith("endpoints "));
}

export function ChangeLine({ change }: { readonly change: ServedChange }): JSX.Element {
  const { time, objects, parts, more, generation, liveAfter, reloaded } = change;
  const rest = [...parts, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return (
    <li class="change">
      <time dateTime={new Date(time).toISOString()} title={dayText(time)}>{clockText(time)}</time>
      <div>{objects.length === 0 ? null : <strong>{objects.join(", ")}</strong>}{objects.length === 0 ? <span>{rest}</span> : <small>{rest}</small>}<small>generation {generation}</small></div>
      <div class="days">{liveAfter === undefined ? <span class="pill warn">on its way</span> : <span class="pill good">live after {durationText(liveAfter)}</span>}{reloaded ? <small>nginx was reloaded</small> : null}</div>
    </li>
  );
}
