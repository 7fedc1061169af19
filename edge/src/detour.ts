/** What leads a route's requests elsewhere. */
import type { PathChange } from "./path-change.ts";
import type { Rewrite } from "./rewrite-target.ts";

export interface Detour {
  /** Answer with this instead of proxying. */
  redirect?: Redirect;
  /** What the backend is asked for instead of the client's path: of an Ingress a Rewrite, of a Gateway's route a PathChange. */
  rewrite?: Rewrite | PathChange;
}

/** A redirect that an Ingress asks for: to a fixed URL, or to what the path is rewritten to. */
export interface Redirect {
  status: number;
  /** An absolute URL, or a path at the requested host. */
  url?: string;
  /** The requested URL with another origin. */
  origin?: RedirectTo;
  /** Gives an absolute URL. Where its pattern does not match, the request is proxied. */
  rewrite?: Rewrite;
}

/** Where a redirect leads that keeps the query, and the path unless it says otherwise. */
export interface RedirectTo {
  scheme: "http" | "https";
  /** Absent: the host that the client asks for. */
  host?: string;
  port: string;
  /** The edge escapes the changed path, and leaves a path without change as the client wrote it. */
  path?: PathChange;
}
