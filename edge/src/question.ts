/**
 * What people ask a worker, and what it replies: where its own tables lead a request that nobody sends. Shapes alone.
 *
 * The worker runs the matcher that serves, with nginx's own regular expressions, over the tables that serve.
 */
import type { Reason } from "./reasons.ts";

export interface RouteQuestion {
  /** Returned with the reply. */
  id: number;
  /** nginx's `$host` and `$uri`. */
  host: string;
  path: string;
  https: boolean;
  /** It is asked where Gateways listen: `server_addr` and `server_port` among the variables say where. */
  atFront?: boolean;
  /** The client's address as text; absent: not known. */
  client?: string;
  /** nginx's variables that the matcher asks for, by name without `$`; those that have no value are absent. */
  variables: Record<string, string>;
}

export interface RouteReply {
  id: number;
  /** The generation that the worker serves. */
  generation: number;
  /** Names the host whose routes were looked through; "": none. */
  host: string;
  /** Path of the route as its Ingress declares it; this and the next two are "" where there is none. */
  route: string;
  namespace: string;
  ingress: string;
  /** Where the request would be proxied to; "": nowhere. */
  pool: string;
  /** The canary that took it; "": none, or it is drawn by weight. */
  canary: string;
  /** 0: it is proxied; else what the matcher would answer, for `reason`. */
  status: number;
  reason: Reason | "";
  /** Of the pool, `address:port`. */
  endpoints: string[];
}

/** Endpoints in a reply, at most. */
export const ENDPOINTS_TOLD = 64;
