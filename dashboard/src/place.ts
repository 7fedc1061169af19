/** Where in the page somebody is: the address behind `#`, so that views can be linked to and the browser's way back works. */
import { useEffect, useState } from "preact/hooks";

export const VIEWS = ["overview", "traffic", "certificates", "findings", "explain", "changes"] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  readonly view: View;
  /** What stands behind the view: a host's name. */
  readonly name: string;
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [word = "", ...rest] = path.split("/");
  return { view: VIEWS.find((one) => one === word) ?? "overview", name: decoded(rest.join("/")), query: new URLSearchParams(query) };
}

export function addressOf(view: View, name = "", query: Readonly<Record<string, string>> = {}): string {
  const asked = new URLSearchParams(query).toString();
  return `#/${view}${name === "" ? "" : `/${encodeURIComponent(name)}`}${asked === "" ? "" : `?${asked}`}`;
}

/** A link may be mistyped. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const moved = (): void => setPlace(placeOf(location.hash));
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return place;
}
