/**
 * HTTP/2 without TLS from clients that begin with it (prior knowledge, RFC 9113, 3.3), where nginx has no socket that takes both
 * versions of HTTP: before 1.25.1. Only for `--gateway-api` (src/compile/plain-http2.ts).
 *
 * nginx takes the first line of such a client for a bad request, for which it has a location of its own then. What the client sends is
 * handed on from there, from its first byte on, to a socket of nginx that takes HTTP/2 alone; what comes back goes to the client. The
 * PROXY protocol tells both addresses. Tried on nginx 1.22.1 with lua-nginx-module 0.10.23: the raw socket of a request that was refused
 * for its first line begins with this line.
 */
import { BAD_REQUEST } from "../bad-request.ts";
import { rewritePhase } from "./entries.ts";

/** The first line of all HTTP/2. */
const PREFACE = "PRI * HTTP/2.0";

const CONNECT_MS = 5000;
/** How long nothing may come is for nginx to say, at the other end; here the time begins anew as often as it runs out. */
const WAIT_MS = 3_600_000;
/** Who takes nothing for so long is given up, as by nginx (send_timeout). */
const SEND_MS = 60_000;
const CHUNK = 16_384;

/** Server rewrite phase: what goes to the location of bad requests is decided already. */
export function rewriteUnlessBad(): void {
  if (ngx.var.uri !== BAD_REQUEST) rewritePhase();
}

/** True for the first line of a connection that is handed on: no request. One with TLS is not: at the other end nobody would know of its certificates and names. */
export function isPreface(): boolean {
  return ngx.var.request === PREFACE && ngx.var.https !== "on";
}

/** Content phase of bad requests. @param socket `unix:` and the path of the socket that takes HTTP/2 alone */
export function handOn(socket: string): void {
  if (!isPreface()) return ngx.exit(400);
  const vars = ngx.var;
  vars.sluice_quiet = "1";
  const [client, problem] = ngx.req.socket(true);
  if (client === undefined) {
    ngx.log(ngx.ERR, "HTTP/2 without TLS cannot be handed on: ", problem ?? "");
    return ngx.exit(ngx.ERROR);
  }
  const server = ngx.socket.tcp();
  server.settimeouts(CONNECT_MS, SEND_MS, WAIT_MS);
  client.settimeouts(CONNECT_MS, SEND_MS, WAIT_MS);
  const [connected, why] = server.connect(socket);
  if (connected === undefined) {
    ngx.log(ngx.ERR, "HTTP/2 without TLS cannot be handed on: ", why ?? "");
    return ngx.exit(ngx.ERROR);
  }
  server.send(proxyLine(vars));
  const inward = ngx.thread.spawn(pass, client, server);
  const outward = ngx.thread.spawn(pass, server, client);
  // When one way ends, so does the connection: nginx answers no client of HTTP/2 that has closed its side.
  ngx.thread.wait(inward, outward);
  ngx.exit(ngx.ERROR);
}

/** PROXY protocol, version 1. */
function proxyLine(vars: typeof ngx.var): string {
  const client = vars.remote_addr ?? "";
  const [six] = string.find(client, ":", 1, true);
  return "PROXY " + (six === undefined ? "TCP4 " : "TCP6 ") + client + " " + (vars.server_addr ?? "") + " " + (vars.remote_port ?? "") + " " + (vars.server_port ?? "") + "\r\n";
}

/** Passes all bytes on until one side has closed. */
function pass(this: void, from: ngx.TcpSocket, to: ngx.TcpSocket): void {
  while (true) {
    const [bytes, problem] = from.receiveany(CHUNK);
    if (bytes !== undefined) {
      const [sent] = to.send(bytes);
      if (sent === undefined) return;
    } else if (problem !== "timeout") return;
  }
}
