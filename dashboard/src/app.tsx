/** The page around the views. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Overview } from "../../src/dashboard/shapes.ts";
import { hasToken, keepToken } from "./connection.ts";
import { useFeed, type Feed } from "./feed.ts";
import { addressOf, usePlace, VIEWS, type Place, type View } from "./place.ts";
import { countText } from "./texts.ts";
import { useTheme, type Theme } from "./theme.ts";
import { CertificatesView } from "./views/certificates.tsx";
import { ChangesView } from "./views/changes.tsx";
import { ExplainView } from "./views/explain.tsx";
import { FindingsView } from "./views/findings.tsx";
import { OverviewView } from "./views/overview.tsx";
import { TrafficView } from "./views/traffic.tsx";

const TITLES: Readonly<Record<View, string>> = {
  overview: "Overview", traffic: "Traffic", certificates: "Certificates", findings: "Findings", explain: "Explain", changes: "Changes",
};

export function App(): JSX.Element {
  const place = usePlace();
  const [theme, otherTheme] = useTheme();
  const [token, setToken] = useState(0);
  const feed = useFeed(place.view === "traffic" ? place.name : "", token);
  useTitle(place);
  useSearchKey();
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to content</a>
      <header class="top">
        <a class="brand" href={addressOf("overview")}>Sluice</a>
        <Navigation place={place} overview={feed.overview} />
        <Link feed={feed} />
        <button type="button" class="plain" onClick={otherTheme} aria-label={theme === "dark" ? "Light theme" : "Dark theme"}>{theme === "dark" ? "☀" : "☾"}</button>
      </header>
      <main id="main" tabIndex={-1}>
        {feed.link === "token" ? <TokenForm again={hasToken()} given={() => setToken(token + 1)} /> : <Content place={place} feed={feed} theme={theme} />}
      </main>
    </>
  );
}

function Content({ place, feed, theme }: { readonly place: Place; readonly feed: Feed; readonly theme: Theme }): JSX.Element {
  const problem = feed.problem || feed.overview?.problem;
  const lists = feed.overview?.lists ?? 0;
  return (
    <>
      {problem === undefined || problem === "" ? null : <p class="banner" role="alert">{feed.problem === "" ? `Not ready: ${problem}` : `${problem}. Trying again …`}</p>}
      {place.view === "overview" ? <OverviewView feed={feed} theme={theme} /> : null}
      {place.view === "traffic" ? <TrafficView host={place.name} lists={lists} rates={feed.rates} recent={feed.recent} /> : null}
      {place.view === "certificates" ? <CertificatesView lists={lists} /> : null}
      {place.view === "findings" ? <FindingsView key={place.query.get("q")} lists={lists} search={place.query.get("q") ?? ""} /> : null}
      {place.view === "explain" ? <ExplainView url={place.query.get("url") ?? ""} /> : null}
      {place.view === "changes" ? <ChangesView changes={feed.changes} /> : null}
    </>
  );
}

function Navigation({ place, overview }: { readonly place: Place; readonly overview: Overview | undefined }): JSX.Element {
  const { error = 0, warning = 0 } = overview?.findings ?? {};
  return (
    <nav aria-label="Views">
      {VIEWS.map((view) => (
        <a key={view} href={addressOf(view)} aria-current={view === place.view ? "page" : undefined}>
          {TITLES[view]}
          {view === "findings" && error + warning > 0 ? <span class={`count ${error > 0 ? "bad" : "warn"}`} aria-label={`${error} errors, ${warning} warnings`}>{countText(error + warning)}</span> : null}
        </a>
      ))}
    </nav>
  );
}

/** Whether events come, and how far the workers are. */
function Link({ feed: { link, overview } }: { readonly feed: Feed }): JSX.Element {
  const behind = overview?.behind ?? [];
  const state = link === "live" ? (behind.length > 0 || overview?.problem !== undefined ? "warn" : "good") : "bad";
  const text = link === "live" ? (behind.length > 0 ? `waiting for ${behind.join(", ")}` : `generation ${overview?.generation ?? "…"}, served by all ${overview?.workers ?? ""} workers`) : link === "opening" ? "connecting …" : link === "token" ? "no token" : "not connected";
  return <span class={`link ${state}`} role="status" title={text}><span class="dot" aria-hidden="true" /><span class="words">{text}</span></span>;
}

function TokenForm({ again, given }: { readonly again: boolean; readonly given: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form class="card token" onSubmit={(event) => {
      event.preventDefault();
      keepToken(field.current?.value ?? "");
      given();
    }}>
      <h1>Who are you?</h1>
      <p>{again ? "This token is not good (any more)." : "This dashboard answers those who show a token."} Ask who runs it for the token; where it asks the cluster, <code>kubectl create token ACCOUNT</code> makes one.</p>
      <label>Token <input ref={field} type="password" autocomplete="off" required /></label>
      <button type="submit">Look</button>
    </form>
  );
}

function useTitle({ view, name }: Place): void {
  useEffect(() => {
    document.title = `${name === "" ? TITLES[view] : name} · Sluice`;
  }, [view, name]);
}

/** `/` leads to the search of the view. */
function useSearchKey(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const inField = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      const search = document.querySelector<HTMLInputElement>("input[type=search]");
      if (event.key !== "/" || inField || !search || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
