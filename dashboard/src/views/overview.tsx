/** How Sluice is now: numbers, what happened in the last quarter of an hour, and what needs somebody. */
import type { ComponentChildren, JSX } from "preact";
import type { ListPage, Overview, TrafficSample } from "../../../src/dashboard/shapes.ts";
import type { RouteRates } from "../../../src/get/rates.ts";
import type { Feed } from "../feed.ts";
import { Chart } from "../parts/chart.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { addressOf } from "../place.ts";
import { countText, durationText, numberOf, percentText, rateText } from "../texts.ts";
import type { Theme } from "../theme.ts";
import { CertificateRow } from "./certificates.tsx";
import { ChangeLine } from "./changes.tsx";
import { FindingRow } from "./findings.tsx";

const FEW = 5;

export function OverviewView({ feed, theme }: { readonly feed: Feed; readonly theme: Theme }): JSX.Element {
  const { overview, samples, changes } = feed;
  if (!overview) return <p class="soft">…</p>;
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <Tiles overview={overview} />
      <div class="halves">
        <Chart title="Requests per second" theme={theme} times={samples.map(({ time }) => time)} text={rateText} lines={[
          { label: "all", colour: "good", values: samples.map(({ requests }) => requests) },
          { label: "4xx", colour: "warn", values: samples.map(({ clientErrors }) => clientErrors) },
          { label: "5xx", colour: "bad", values: samples.map(({ serverErrors }) => serverErrors) },
        ]} />
        <Latency samples={samples} theme={theme} />
      </div>
      <div class="halves">
        <Card title="Busiest routes"><Busiest overview={overview} /></Card>
        <Card title="Latest changes" more={addressOf("changes")}>
          {changes.length === 0 ? <p class="soft">None yet.</p> : <ul class="lines">{changes.slice(0, FEW).map((change) => <ChangeLine key={`${change.id} ${change.time}`} change={change} />)}</ul>}
        </Card>
      </div>
      <div class="halves">
        <Few title="Findings" kind="findings" view="findings" none="Nothing is wrong." lists={overview.lists} row={(row) => <FindingRow row={row} />} />
        <Few title="Certificates that expire first" kind="certs" view="certificates" none="None." lists={overview.lists} row={(row) => <CertificateRow row={row} />} />
      </div>
      <p class="soft">Everything is read from {overview.source}.</p>
    </>
  );
}

function Card({ title, more, children }: { readonly title: string; readonly more?: string; readonly children: ComponentChildren }): JSX.Element {
  return <section class="card"><h2>{title}{more === undefined ? null : <a href={more}>all</a>}</h2>{children}</section>;
}

function Tiles({ overview }: { readonly overview: Overview }): JSX.Element {
  const { sample, findings, behind } = overview;
  const errors = sample ? sample.serverErrors : 0;
  return (
    <dl class="tiles">
      <Tile name="Requests" value={`${rateText(sample?.requests ?? 0)}/s`} below={sample?.connections === undefined ? "" : numberOf(sample.connections, "connection")} />
      <Tile name="Errors (5xx)" value={percentText(errors, sample?.requests ?? 0)} below={`4xx ${percentText(sample?.clientErrors ?? 0, sample?.requests ?? 0)}`} tone={errors > 0 ? "bad" : ""} />
      <Tile name="Latency p99" value={durationText(sample?.p99)} below={sample?.p50 === undefined ? "" : `half below ${durationText(sample.p50)}`} />
      <Tile name="Served" value={countText(overview.routes)} unit={overview.routes === 1 ? "route" : "routes"} below={`${numberOf(overview.hosts, "host")}, ${numberOf(overview.ingresses, "Ingress", "Ingresses")}`} />
      <Tile name="Findings" value={countText(findings.error)} unit={findings.error === 1 ? "error" : "errors"} below={`${numberOf(findings.warning, "warning")}, ${numberOf(findings.info, "note")}`} tone={findings.error > 0 ? "bad" : findings.warning > 0 ? "warn" : ""} />
      <Tile name="Generation" value={countText(overview.generation)} below={behind.length > 0 ? `waiting for ${behind.join(", ")}` : `served by all ${numberOf(overview.workers, "worker")}`} tone={behind.length > 0 ? "warn" : ""} />
      <Tile name="Reloads" value={countText(overview.reloads)} below={overview.reloadReasons.slice(0, 2).map(([reason, number]) => `${reason} ${number}`).join(", ") || "none was needed"} />
      <Tile name="Answered by Sluice itself" value={overview.ownAnswers[0]?.[0] ?? "none"} below={overview.ownAnswers.slice(0, 3).map(([reason, number]) => `${reason} ${number}`).join(", ")} small />
    </dl>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly below: string;
  readonly tone?: string;
  readonly small?: boolean;
}

function Tile({ name, value, unit, below, tone = "", small = false }: TileProps): JSX.Element {
  return <div class={`card tile ${tone}`}><dt>{name}</dt><dd><strong class={small ? "small" : ""}>{value}</strong>{unit === undefined ? null : <span> {unit}</span>}<small>{below}</small></dd></div>;
}

function Latency({ samples, theme }: { readonly samples: readonly TrafficSample[]; readonly theme: Theme }): JSX.Element {
  if (samples.length > 0 && samples.every(({ p99, requests }) => p99 === undefined && requests > 0)) {
    return <section class="card"><h2>Latency</h2><p class="soft">Durations are not measured: start Sluice with --enable-metrics.</p></section>;
  }
  return (
    <Chart title="Latency" theme={theme} times={samples.map(({ time }) => time)} text={durationText} lines={[
      { label: "p50", colour: "good", values: samples.map(({ p50 }) => p50) },
      { label: "p99", colour: "accent", values: samples.map(({ p99 }) => p99) },
    ]} />
  );
}

function Busiest({ overview: { busiest } }: { readonly overview: Overview }): JSX.Element {
  if (busiest.length === 0) return <p class="soft">No requests in the last seconds.</p>;
  return (
    <div class="scroll">
      <table>
        <thead><tr><th scope="col">Route</th><th scope="col">req/s</th><th scope="col">5xx</th><th scope="col">p99</th></tr></thead>
        <tbody>{busiest.slice(0, 10).map((route) => <BusyRoute key={`${route.namespace}/${route.ingress} ${route.host} ${route.path} ${route.canary} ${route.service}`} route={route} />)}</tbody>
      </table>
    </div>
  );
}

function BusyRoute({ route }: { readonly route: RouteRates }): JSX.Element {
  const { host, path, namespace, ingress, canary, requestsPerSecond, serverErrorsPerSecond, p99, others } = route;
  const name = others ? "all others" : ingress === "" ? "no route" : `${host}${path}`;
  return (
    <tr>
      <td>{ingress === "" ? name : <a href={addressOf("traffic", host)}>{name}</a>}<small>{ingress === "" ? "" : `${namespace}/${ingress}${canary === "" ? "" : `, canary ${canary}`}`}</small></td>
      <td>{rateText(requestsPerSecond)}</td>
      <td class={serverErrorsPerSecond > 0 ? "bad" : ""}>{percentText(serverErrorsPerSecond, requestsPerSecond)}</td>
      <td>{durationText(p99)}</td>
    </tr>
  );
}

interface FewProps {
  readonly title: string;
  readonly kind: "findings" | "certs";
  readonly view: "findings" | "certificates";
  readonly none: string;
  readonly lists: number;
  readonly row: (row: ListPage["rows"][number]) => ComponentChildren;
}

/** The first rows of a list. */
function Few({ title, kind, view, none, lists, row }: FewProps): JSX.Element {
  const { value } = useAsked<ListPage>(`list/${kind}`, { limit: String(FEW) }, lists);
  return (
    <Card title={title} more={addressOf(view)}>
      {value && value.of === 0 ? <p class="soft">{none}</p> : null}
      <ul class="lines">{value?.rows.map((one, index) => <li key={index}>{row(one)}</li>)}</ul>
    </Card>
  );
}
