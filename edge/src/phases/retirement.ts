/**
 * A worker that will leave soon asks its HTTP/1.1 clients to close their connections, with the answer they are
 * getting anyway. nginx closes idle connections the moment it is told to quit, and a request that is on its way then
 * would be lost; a client that was asked to close does not send one.
 *
 * Two occasions: the controller announces a reload, or the master died and a new one is taking over.
 */
import { isOver, newDeadline, putDeadline } from "../deadline.ts";
import { isOrphan } from "./identity.ts";

const retirementEnds = newDeadline(0, 0);
let retiring = false;

export function retireFor(seconds: number): void {
  putDeadline(retirementEnds, ngx.now(), seconds);
  retiring = true;
}

/** To be called once a second at least. */
export function lookForMaster(): void {
  retiring = !isOver(retirementEnds, ngx.now()) || isOrphan();
}

/**
 * Called for every request, so it looks at a flag only. For HTTP/2 nginx sends GOAWAY by itself; HTTP/2 has no
 * Connection header (RFC 9113, 8.2.2).
 */
export function sayGoodbye(): void {
  if (retiring) closeAfterwards();
}

/** Ends the connection with the answer at hand. */
export function closeAfterwards(): void {
  if (ngx.var.server_protocol !== "HTTP/2.0") ngx.header.Connection = "close";
}
