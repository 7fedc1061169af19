/**
 * Lists for the page: a search in rows, and a part of what it found.
 *
 * Guarantee: rows are made once for each version that pages were told of, however many ask for them.
 */
import { rowsOf, type ListedKind, type ListedRow, type Served } from "../get/rows.ts";
import type { ListPage } from "./shapes.ts";

const FRESH_MS = 1000;
const MOST_ROWS = 200;
const LONGEST_SEARCH = 200;
/** Findings repeat values of annotations, which may have 256 kB: nobody reads them here. Of a longer text both ends are told. */
const LONGEST_TEXT = 2000;

/** Kinds that the page lists. */
const KINDS = ["hosts", "certs", "findings"] as const satisfies readonly ListedKind[];
type Kind = (typeof KINDS)[number];

interface Listed {
  readonly at: number;
  readonly version: number;
  readonly rows: readonly ListedRow[];
  /** Of each row, what is searched in. Made when somebody searches. */
  texts?: readonly string[];
}

export interface Lists {
  /**
   * @param query `q`: words that a row has, in any order and case; `from` and `limit`: which rows; `version`: rows of this
   * version or a later one, else rows of a second ago will do. Undefined: there is no such list.
   */
  page(kind: string, query: URLSearchParams): ListPage | undefined;
}

/** @param served undefined: nothing is served yet. @param version counts what may have changed rows. */
export function createLists(served: () => Served | undefined, version: () => number, now = (): number => performance.now()): Lists {
  const made = new Map<Kind, Listed>();
  const listed = (kind: Kind, wanted: number): Listed => {
    const known = made.get(kind);
    if (known && (wanted >= 0 ? known.version >= Math.min(wanted, version()) : now() - known.at < FRESH_MS)) return known;
    const what = served();
    const rows = what ? rowsOf(kind, what).toSorted(ORDERS[kind]).map(clipped) : [];
    const fresh = { at: now(), version: version(), rows };
    made.set(kind, fresh);
    return fresh;
  };
  return {
    page(word, query) {
      const kind = KINDS.find((one) => one === word);
      if (kind === undefined) return undefined;
      const list = listed(kind, wholeNumber(query.get("version"), -1));
      const { rows } = list;
      const words = (query.get("q") ?? "").slice(0, LONGEST_SEARCH).toLowerCase().split(/\s+/).filter((one) => one !== "");
      const found = words.length === 0 ? rows : search(list, words);
      const from = wholeNumber(query.get("from"), 0);
      const limit = Math.min(wholeNumber(query.get("limit"), MOST_ROWS), MOST_ROWS);
      return { found: found.length, of: rows.length, from, rows: found.slice(from, from + limit) };
    },
  };
}

function search(list: Listed, words: readonly string[]): readonly ListedRow[] {
  const texts = (list.texts ??= list.rows.map((row) => Object.values(row).flat().join("\n").toLowerCase()));
  return list.rows.filter((_, index) => words.every((one) => texts[index]?.includes(one)));
}

function clipped(row: ListedRow): ListedRow {
  if (Object.values(row).every((value) => typeof value !== "string" || value.length <= LONGEST_TEXT)) return row;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === "string" && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT / 2)} … ${value.slice(-LONGEST_TEXT / 2)}` : value]));
}

function wholeNumber(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

type Order = (a: ListedRow, b: ListedRow) => number;

const SEVERITIES = ["error", "warning", "info"];

/** Sorting is stable: rows that are equal here stay in the order of their names. */
const ORDERS: Readonly<Record<Kind, Order>> = {
  hosts: () => 0,
  certs: (a, b) => daysOf(a) - daysOf(b),
  findings: (a, b) => SEVERITIES.indexOf(String(a["severity"])) - SEVERITIES.indexOf(String(b["severity"])),
};

/** The default certificate is last: nobody has to renew it. */
function daysOf({ days }: ListedRow): number {
  return typeof days === "number" ? days : Number.MAX_SAFE_INTEGER;
}
