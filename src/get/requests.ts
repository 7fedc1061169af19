/** Requests of the journal: which of them somebody asks for, and how people read one. */
import type { JournalRow } from "../../edge/src/journal.ts";
import { printable } from "../support/text.ts";

/** Whose requests; an empty list, and an empty text, ask for nothing. */
export interface RouteSelection {
  readonly namespace: string;
  /** In lower case; `*.shop.example` is each name below. */
  readonly hosts: readonly string[];
  /** `name`, or `namespace/name`. */
  readonly ingresses: readonly string[];
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

const GREEN = "32";
const CYAN = "36";
const YELLOW = "33";
const RED = "31";

function colourOf(status: number): string {
  return status >= 500 || status === 0 ? RED : status >= 400 ? YELLOW : status >= 300 ? CYAN : GREEN;
}

/**
 * One line: when, the status, the request, who answered it (a reason of ours, or the endpoints that were tried), for
 * which Ingress, how long it took, and for whom.
 */
export function journalText(row: JournalRow, colours: boolean): string {
  const status = colours ? `\u001b[${colourOf(row.status)}m${row.status}\u001b[0m` : String(row.status);
  const url = printable(`${row.method} ${row.scheme}://${row.host}${row.path}`);
  return `${new Date(row.time).toISOString()} ${status} ${url} ${printable(answererText(row))} ${row.took} ms from ${printable(row.client)}`;
}

/** Who answered, and for which object. */
function answererText({ reason, namespace, ingress, route, canary, upstream }: JournalRow): string {
  const object = ingress === "" ? (upstream === "" ? "" : " (the default backend)") : ` (${namespace}/${ingress} ${route}${canary === "" ? "" : `, canary ${canary}`})`;
  const tried = upstream === "" ? "" : `by ${upstream}`;
  return `${[reason, tried].filter((part) => part !== "").join(" ") || "by Sluice"}${object}`;
}
