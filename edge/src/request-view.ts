import type { ClientAuth, SpecialHost } from "./program.ts";
import type { RewriteView } from "./rewrite-target.ts";
import type { PatternView } from "./search.ts";

/** How the matcher asks about the request at hand. Names are nginx variables: `http_x_test`, `cookie_like`. */
export interface RequestView extends RewriteView, PatternView {
  /** A whole number in `1..total`. */
  draw(total: number): number;
  /** Gives the client a cookie with this value, by which it is drawn again. */
  stick(cookie: string, value: string): void;
  /** The client's address, 4 or 16 bytes; undefined: not known here. */
  address(): string | undefined;
  /** What the host says to this client, by `admission`: 0, or the status. */
  admit(host: SpecialHost, clients: ClientAuth): number;
}
