/** The hosts, and the way of one host's traffic. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { INTERVAL_MS, type HostRates, type Way } from "../../../src/dashboard/shapes.ts";
import { Picture } from "../parts/picture.tsx";
import { Search } from "../parts/search.tsx";
import { Tree } from "../parts/tree.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { VirtualList, type Row } from "../parts/virtual-list.tsx";
import { addressOf } from "../place.ts";
import type { RecentRates } from "../feed.ts";
import { withRates } from "../way-rates.ts";

const HEIGHT = 52;

interface TrafficProps {
  readonly host: string;
  readonly lists: number;
  readonly rates: HostRates | undefined;
  readonly recent: readonly RecentRates[];
}

export function TrafficView({ host, lists, rates, recent }: TrafficProps): JSX.Element {
  const [search, setSearch] = useState("");
  return (
    <section class={`sides ${host === "" ? "" : "chosen"}`}>
      <div class="full hosts">
        <h1>Traffic</h1>
        <Search what="hosts" value={search} changed={setSearch} />
        <VirtualList kind="hosts" name="hosts" search={search} lists={lists} height={HEIGHT} row={(row) => <HostRow row={row} chosen={row["host"] === host} />} empty="No Ingress is served." />
      </div>
      <div class="way">{host === "" ? <p class="soft">Choose a host to see the way of its traffic.</p> : <HostWay host={host} lists={lists} rates={rates?.host === host ? rates : undefined} recent={recent} />}</div>
    </section>
  );
}

function HostRow({ row, chosen }: { readonly row: Row; readonly chosen: boolean }): JSX.Element {
  const { host, routes, tls } = row;
  return (
    <a class="host" href={addressOf("traffic", String(host))} aria-current={chosen ? "true" : undefined}>
      <strong>{host}</strong>
      <small>{routes === 1 ? "1 route" : `${String(routes)} routes`}, {tls === "none" ? "no TLS" : `TLS: ${String(tls)}`}</small>
    </a>
  );
}

function HostWay({ host, lists, rates, recent }: TrafficProps): JSX.Element {
  const { value: way, problem } = useAsked<Way | null>("way", { host }, lists);
  const changed = useChangeOf(JSON.stringify(way?.routes.map(({ arms }) => arms.map(({ canary, share }) => [canary, share]))));
  const back = <a class="back" href={addressOf("traffic")}>← all hosts</a>;
  if (!way) return <>{back}<p class="soft">{way === null ? `No object asks for ${host} (any more).` : problem === "" ? "…" : problem}</p></>;
  const live = withRates(way, rates, recent.filter((one) => one.rates.host === host && one.at > changed + INTERVAL_MS).map((one) => one.rates));
  return (
    <>
      {back}
      <h2>{host} <a class="aside" href={addressOf("explain", "", { url: `http://${host === "*" ? "" : host.replace(/^\*\./, "www.")}/` })}>explain a request</a></h2>
      <p class="soft">{way.tls === "none" ? "No TLS" : `TLS: ${way.tls}`}{way.aliases.length > 0 ? `; also ${way.aliases.join(", ")}` : ""}{way.more > 0 ? `; the first ${way.routes.length} of ${way.routes.length + way.more} routes` : ""}</p>
      <Picture way={live} />
      <Tree way={live} />
    </>
  );
}

/** When the text changed last, in milliseconds of Unix time: shares from before say nothing of those that hold now. */
function useChangeOf(text: string | undefined): number {
  const known = useRef<{ readonly text: string | undefined; readonly at: number }>({ text: undefined, at: 0 });
  if (known.current.text !== text) known.current = { text, at: known.current.text === undefined ? 0 : Date.now() };
  return known.current.at;
}
