/** The name that a client asks for in its handshake, as the tables spell names. */
import { CATCH_ALL } from "./program.ts";

/** Lower case without the trailing dot of a fully qualified name; a client that sends no name gets the catch-all. */
export function serverName(sent: string | undefined): string {
  if (sent === undefined || sent === "") return CATCH_ALL;
  const lower = sent.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}
