/** What is wrong, errors first; the one that is chosen with all its words. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Search } from "../parts/search.tsx";
import { VirtualList, type Row } from "../parts/virtual-list.tsx";

const HEIGHT = 84;

export function FindingsView({ lists, search: asked }: { readonly lists: number; readonly search: string }): JSX.Element {
  const [search, setSearch] = useState(asked);
  const [chosen, setChosen] = useState<Row | undefined>(undefined);
  return (
    <section class="full">
      <h1>Findings</h1>
      <Search what="findings" value={search} changed={setSearch} />
      {chosen ? <Whole row={chosen} close={() => setChosen(undefined)} /> : null}
      <VirtualList kind="findings" name="findings" search={search} lists={lists} height={HEIGHT} empty="Nothing is wrong."
        row={(row) => <button type="button" class="choose" onClick={() => setChosen(row)}><FindingRow row={row} /></button>} />
    </section>
  );
}

export function FindingRow({ row }: { readonly row: Row }): JSX.Element {
  const { severity, code, object, says } = row;
  return (
    <div class="finding">
      <span class={`pill ${toneOf(String(severity))}`}>{severity}</span> <strong>{object}</strong> <code>{code}</code>
      <p>{says}</p>
    </div>
  );
}

function Whole({ row, close }: { readonly row: Row; readonly close: () => void }): JSX.Element {
  const { severity, code, object, field, says, effect, at } = row;
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), [row]);
  return (
    <article ref={place} class="card whole" aria-live="polite" tabIndex={-1} onKeyDown={(event) => {
      if (event.key === "Escape") close();
    }}>
      <button type="button" class="plain close" onClick={close} aria-label="Close">✕</button>
      <h2><span class={`pill ${toneOf(String(severity))}`}>{severity}</span> {object}</h2>
      <p>{says}</p>
      <dl>
        <dt>Effect</dt><dd>{effect}</dd>
        <dt>Field</dt><dd><code>{field}</code></dd>
        {at === "" ? null : <><dt>File</dt><dd><code>{at}</code></dd></>}
        <dt>Code</dt><dd><code>{code}</code></dd>
      </dl>
    </article>
  );
}

function toneOf(severity: string): string {
  return severity === "error" ? "bad" : severity === "warning" ? "warn" : "soft";
}
