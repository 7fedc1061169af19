/**
 * A list of any length that asks for, and draws, what is seen of it alone.
 *
 * All rows are of one height. What was seen stays until the new state of it has come, so that nothing flickers.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ListPage } from "../../../src/dashboard/shapes.ts";
import { AGAIN_MS, ask } from "../connection.ts";
import { countText, numberOf } from "../texts.ts";

export type Row = ListPage["rows"][number];

export interface VirtualListProps {
  /** What is listed, as the API names it. */
  readonly kind: string;
  /** For people: "hosts". */
  readonly name: string;
  readonly search: string;
  /** Grows when the rows may have changed. */
  readonly lists: number;
  /** Pixels. */
  readonly height: number;
  readonly row: (row: Row) => ComponentChildren;
  readonly empty: string;
}

const PAGE = 100;
/** Rows that are drawn above and below what is seen. */
const MARGIN = 8;
const SEARCH_MS = 150;

interface Known {
  readonly search: string;
  readonly found: number;
  readonly of: number;
  readonly pages: ReadonlyMap<number, readonly Row[]>;
}

const NOTHING: Known = { search: "", found: 0, of: 0, pages: new Map() };

export function VirtualList({ kind, name, search, lists, height, row, empty }: VirtualListProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [{ top, seen }, setView] = useState({ top: 0, seen: 600 });
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const [tries, setTries] = useState(0);
  const first = Math.max(0, Math.floor(top / height) - MARGIN);
  const last = Math.floor((top + seen) / height) + MARGIN;
  const pages = `${Math.floor(first / PAGE)}-${Math.floor(Math.min(last, Math.max(0, (known?.found ?? 1) - 1)) / PAGE)}`;

  useLayoutEffect(() => {
    if (!box.current) return;
    const measure = (): void => setView((view) => ({ ...view, seen: box.current?.clientHeight ?? view.seen }));
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    box.current?.scrollTo(0, 0);
  }, [search]);
  useEffect(() => {
    const ending = new AbortController();
    const load = async (): Promise<void> => {
      const [from = 0, to = 0] = pages.split("-").map(Number);
      try {
        const loaded = await Promise.all(Array.from({ length: to - from + 1 }, (_, index) => ask<ListPage>(`list/${kind}`, { q: search, from: String((from + index) * PAGE), limit: String(PAGE), version: String(lists) }, ending.signal)));
        setKnown((before) => withPages(before, search, from, loaded));
        setProblem("");
      } catch (error) {
        if (ending.signal.aborted) return;
        setProblem((error as Error).message);
        timer = setTimeout(() => setTries(tries + 1), AGAIN_MS);
      }
    };
    let timer = setTimeout(() => void load(), known && known.search !== search ? SEARCH_MS : 0);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [kind, search, lists, pages, tries]);

  const { found, of } = known ?? NOTHING;
  const shown = known ? Array.from({ length: Math.max(0, Math.min(last, found - 1) - first + 1) }, (_, index) => first + index) : [];
  return (
    <>
      <p class="found" role="status">{problem === "" ? (known ? foundText(found, of, name) : "…") : problem}</p>
      <div ref={box} class="virtual" tabIndex={0} role="region" aria-label={name} onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        setView((view) => ({ ...view, top: scrollTop }));
      }}>
        {known && found === 0 ? <p class="empty">{of === 0 ? empty : "Nothing has all these words."}</p> : null}
        <div role="list" style={{ height: `${found * height}px` }}>
          {shown.map((index) => (
            <div key={index} role="listitem" aria-setsize={found} aria-posinset={index + 1} class="row" style={{ top: `${index * height}px`, height: `${height}px` }}>
              {rowAt(known, index, row)}
            </div>
          ))}
        </div>
      </div>
    </>
  );
}

function rowAt(known: Known | undefined, index: number, row: (row: Row) => ComponentChildren): ComponentChildren {
  const one = known?.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  return one ? row(one) : <span class="soft">…</span>;
}

function withPages(before: Known | undefined, search: string, from: number, loaded: readonly ListPage[]): Known {
  const [{ found, of } = { found: 0, of: 0 }] = loaded;
  // Pages of another search, or of a list of another length, no longer fit.
  const fitting = before && before.search === search && before.found === found ? before.pages : new Map<number, readonly Row[]>();
  return { search, found, of, pages: new Map([...fitting, ...loaded.map(({ rows }, index) => [from + index, rows] as const)]) };
}

/** @param name of several: "hosts". */
function foundText(found: number, of: number, name: string): string {
  const rows = numberOf(of, name.replace(/s$/, ""), name);
  return found === of ? rows : `${countText(found)} of ${rows}`;
}
