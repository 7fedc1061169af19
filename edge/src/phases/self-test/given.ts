/** What the self-test's nginx.conf tells it, and the connections that the self-test makes to itself. */

export interface Given {
  /** Path of the unix socket on which the self-test's nginx listens, with TLS. */
  socket: string;
  /** PEM. */
  certificate: string;
  key: string;
}

export const given: Given = { socket: "", certificate: "", key: "" };

export const SERVER_NAME = "self.test";

/** As long as the whole self-test may take, because on a busy machine even a connection to itself waits for the processor. */
const PATIENCE_MS = 60_000;

/** A connection, with TLS done. Without `pool` it is a new one, because no connection is ever kept in the pool "new". */
export function open(pool = "new"): ngx.TcpSocket {
  const socket = ngx.socket.tcp();
  socket.settimeouts(PATIENCE_MS, PATIENCE_MS, PATIENCE_MS);
  const [connected, problem] = socket.connect("unix:" + given.socket, { pool });
  if (connected === undefined) error("connect: " + (problem ?? ""));
  const [shaken, why] = socket.sslhandshake(false, SERVER_NAME, false);
  if (shaken !== true) error("TLS handshake: " + (why ?? ""));
  return socket;
}

/** Sends the head of one request, and gives its connection. */
export function sendRequest(path: string): ngx.TcpSocket {
  const socket = open();
  const [sent, problem] = socket.send("GET " + path + " HTTP/1.1\r\nHost: " + SERVER_NAME + "\r\nX-Self-Test: a\r\nConnection: close\r\n\r\n");
  if (sent === undefined) error("send: " + (problem ?? ""));
  return socket;
}

/** The status of the answer. */
export function statusOf(path: string): number {
  const socket = sendRequest(path);
  const [line, problem] = socket.receive("*l");
  socket.close();
  if (line === undefined) error("no answer: " + (problem ?? ""));
  return tonumber(line.slice(9, 12)) ?? 0;
}
