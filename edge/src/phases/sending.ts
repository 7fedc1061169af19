/** What a worker says on the channel: one JSON value per line. */
import * as cjson from "cjson.safe";

/** False: the connection is broken. */
export function send(socket: ngx.TcpSocket, message: object): boolean {
  const [sent] = socket.send(lineOf(message));
  return sent !== undefined;
}

export function lineOf(message: object): string {
  return cjson.encode(message) + "\n";
}
