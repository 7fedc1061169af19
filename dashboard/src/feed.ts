/** What the stream of events told, as state of the page. */
import { useEffect, useReducer, useState } from "preact/hooks";
import type { ServedChange, HostRates, Overview, TrafficSample } from "../../src/dashboard/shapes.ts";
import { readEvents, TokenNeeded } from "./connection.ts";

export interface RecentRates {
  readonly at: number;
  readonly rates: HostRates;
}

export interface Feed {
  /** `live`: events come; `token`: none may; `broken`: the stream is opened again soon. */
  readonly link: "opening" | "live" | "broken" | "token";
  /** Why there are no events; "": there are. */
  readonly problem: string;
  readonly overview: Overview | undefined;
  /** Oldest first. */
  readonly samples: readonly TrafficSample[];
  /** Newest first. */
  readonly changes: readonly ServedChange[];
  readonly rates: HostRates | undefined;
  /** Those of the last half a minute, with the time at which they came, oldest first. */
  readonly recent: readonly RecentRates[];
}

export const EMPTY: Feed = { link: "opening", problem: "", overview: undefined, samples: [], changes: [], rates: undefined, recent: [] };
const SAMPLES_MS = 15 * 60_000;
const CHANGES = 400;
const RECENT_MS = 30_000;
/** Waits before the stream is opened again. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/**
 * A page that nobody sees for so long lets go of its stream: a browser opens six connections to a server, for all its tabs,
 * and a seventh tab would wait.
 */
const UNSEEN_MS = 5000;

type Action = Partial<Feed> | { readonly event: string; readonly data: unknown };

/** What the page knows after an event, or after the state of the connection changed. */
export function reduce(feed: Feed, action: Action): Feed {
  if (!("event" in action)) return { ...feed, ...action };
  const live = { ...feed, link: "live", problem: "" } as const;
  switch (action.event) {
    case "history":
      // The first event of a stream. What was on its way is told again, unless another life of the controller answers.
      return { ...live, samples: action.data as readonly TrafficSample[], changes: feed.changes.filter(({ liveAfter }) => liveAfter !== undefined) };
    case "changes":
      return { ...live, changes: merged(feed.changes, action.data as readonly ServedChange[]) };
    case "rates":
      return withRecent(live, action.data as HostRates, Date.now());
    case "overview":
      return withOverview(live, action.data as Overview);
    default:
      return live;
  }
}

function withRecent(feed: Feed, rates: HostRates, at: number): Feed {
  const recent = feed.recent.filter((one) => one.rates.host === rates.host && one.at > at - RECENT_MS && one.at <= at);
  return { ...feed, rates, recent: [...recent, { at, rates }] };
}

function withOverview(feed: Feed, overview: Overview): Feed {
  const { sample } = overview;
  // What lies ahead of now was before the clock was set back.
  const samples = sample ? [...feed.samples.filter(({ time }) => time > sample.time - SAMPLES_MS && time < sample.time), sample] : feed.samples;
  return { ...feed, overview, samples };
}

/** A change comes twice: when it happens, and when it is live. A number that is smaller than known ones is of another life of the controller. */
function merged(known: readonly ServedChange[], told: readonly ServedChange[]): readonly ServedChange[] {
  const byId = new Map([...known, ...told].map((change) => [`${change.id} ${Math.round(change.time)}`, change]));
  return [...byId.values()].sort((a, b) => b.time - a.time || b.id - a.id).slice(0, CHANGES);
}

/** @param host whose rates are wanted; "": nobody's. @param token changes when another token is to be tried. */
export function useFeed(host: string, token: number): Feed {
  const [feed, told] = useReducer(reduce, EMPTY);
  const seen = useSeen();
  useEffect(() => {
    if (!seen) return;
    const ending = new AbortController();
    void follow(host, told, ending.signal);
    return () => ending.abort();
  }, [host, token, seen]);
  return feed;
}

async function follow(host: string, told: (action: Action) => void, signal: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    let problem = "The connection to Sluice ended";
    try {
      await readEvents({ host }, (event, data) => {
        wait = FIRST_WAIT;
        told({ event, data });
      }, signal);
    } catch (error) {
      if (error instanceof TokenNeeded) return told({ link: "token" });
      problem = `Sluice does not answer: ${(error as Error).message}`;
    }
    if (signal.aborted) return;
    told({ link: "broken", problem });
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Whether somebody may see the page, now or a short time ago. */
function useSeen(): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    let timer: number | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") setSeen(true);
      else timer = setTimeout(() => setSeen(false), UNSEEN_MS) as unknown as number;
    };
    // A page may be opened in the background, and never be looked at.
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return seen;
}
