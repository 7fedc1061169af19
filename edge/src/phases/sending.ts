/** What a worker says on the channel: one JSON value per line. */
import * as cjson from "cjson.safe";

/** False: the connection is broken. */
export function send(socket: ngx.TcpSocket, message: object): boolean {
  const [sent] = socket.send(lineOf(message));
  return sent !== undefined;
}

/** Sends rows in messages of at most `most`; `dropped`, how many were lost, goes with the first. False: the connection is broken. */
export function sendRows(socket: ngx.TcpSocket, op: string, { rows, dropped }: { readonly rows: object[]; readonly dropped: number }, most: number): boolean {
  let some: object[] = [];
  let lost = dropped;
  for (const row of rows) {
    some.push(row);
    if (some.length < most) continue;
    if (!send(socket, { op, rows: some, dropped: lost })) return false;
    some = [];
    lost = 0;
  }
  return (some.length === 0 && lost === 0) || send(socket, { op, rows: some, dropped: lost });
}

export function lineOf(message: object): string {
  return cjson.encode(message) + "\n";
}
