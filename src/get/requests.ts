/** Requests of the journal: which of them somebody asks for, and how people read one. */
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Settings } from "../settings/shape.ts";
import type { Paint } from "../support/terminal.ts";
import { printable } from "../support/text.ts";

/** Whose requests; an empty list, and an empty text, ask for nothing. */
export interface RouteSelection {
  readonly namespace: string;
  /** In lower case; `*.shop.example` is each name below. */
  readonly hosts: readonly string[];
  /** `name`, or `namespace/name`. */
  readonly ingresses: readonly string[];
}

/** What the flags of the same names ask for. */
export function routeSelection({ namespace, ofHost, ofIngress }: Pick<Settings, "namespace" | "ofHost" | "ofIngress">): RouteSelection {
  return { namespace, hosts: ofHost.map((host) => host.toLowerCase()), ingresses: ofIngress };
}

/** What a request must be. */
export interface Selection extends RouteSelection {
  /** `404`, or `4xx`. */
  readonly statuses: readonly string[];
  /** Reasons of answers; `any`: all answers of Sluice's own, `none`: all of backends. */
  readonly reasons: readonly string[];
}

/** Whether the selection asks for requests of this host and Ingress. */
export function selectsRoute({ namespace, hosts, ingresses }: RouteSelection, row: Pick<JournalRow, "namespace" | "ingress" | "host">): boolean {
  return (
    (namespace === "" || row.namespace === namespace) &&
    isAmong(hosts, (host) => row.host === host || (host.startsWith("*.") && row.host.endsWith(host.slice(1)))) &&
    isAmong(ingresses, (name) => name === row.ingress || name === `${row.namespace}/${row.ingress}`)
  );
}

export function selects(selection: Selection, row: JournalRow): boolean {
  const { statuses, reasons } = selection;
  return (
    selectsRoute(selection, row) &&
    isAmong(statuses, (status) => status === String(row.status) || status === `${Math.floor(row.status / 100)}xx`) &&
    isAmong(reasons, (reason) => (reason === "any" ? row.reason !== "" : reason === (row.reason || "none")))
  );
}

function isAmong(wanted: readonly string[], is: (one: string) => boolean): boolean {
  return wanted.length === 0 || wanted.some(is);
}

function colourOf(status: number): "red" | "yellow" | "cyan" | "green" {
  return status >= 500 || status === 0 ? "red" : status >= 400 ? "yellow" : status >= 300 ? "cyan" : "green";
}

/**
 * One line: when, the status, the request, who answered it (a reason of ours, or the endpoints that were tried), for
 * which Ingress, how long it took, and for whom.
 */
export function journalText(row: JournalRow, paint: Paint): string {
  const status = paint(colourOf(row.status), String(row.status));
  const url = printable(`${row.method} ${row.scheme}://${row.host}${row.path}`);
  return `${new Date(row.time).toISOString()} ${status} ${url} ${printable(answererText(row))} ${row.took} ms from ${printable(row.client)}`;
}

/** Who answered, and for which object. */
function answererText({ reason, namespace, ingress, route, canary, upstream }: JournalRow): string {
  const object = ingress === "" ? (upstream === "" ? "" : " (the default backend)") : ` (${namespace}/${ingress} ${route}${canary === "" ? "" : `, canary ${canary}`})`;
  const tried = upstream === "" ? "" : `by ${upstream}`;
  return `${[reason, tried].filter((part) => part !== "").join(" ") || "by Sluice"}${object}`;
}
