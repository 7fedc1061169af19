/**
 * Sends what an exiting worker has counted and not told yet. The worker's event loop has ended by then, so it writes to
 * the channel's socket with plain system calls. It waits no longer than a second for a controller that does not read.
 */
import * as ffi from "ffi";
import { options } from "./options.ts";
import { beginCounters, nextMessage } from "./reports.ts";
import { lineOf } from "./sending.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
/** MSG_NOSIGNAL: no SIGPIPE when the controller has ended meanwhile. */
const QUIETLY = 0x4000;
const LONGEST_PATH = 107;

ffi.cdef(`
  struct sluice_address { unsigned short family; char path[108]; };
  int socket(int domain, int type, int protocol);
  int connect(int socket, const struct sluice_address *address, unsigned int length);
  int setsockopt(int socket, int level, int name, const void *value, unsigned int length);
  long send(int socket, const char *bytes, size_t count, int flags);
  int close(int file);
`);

export function sayLastWords(): void {
  beginCounters();
  let message = nextMessage();
  if (message === undefined) return;
  const { C } = ffi;
  const socket = C.socket(AF_UNIX, SOCK_STREAM, 0);
  if (socket < 0) return;
  const patience = ffi.create("long[2]");
  patience[0] = 1;
  C.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, patience, 16);
  const path = options.socket;
  const address = ffi.createAddress("struct sluice_address", AF_UNIX, path);
  let broken = path.length > LONGEST_PATH || C.connect(socket, address, 2 + path.length + 1) !== 0;
  while (message !== undefined && !broken) {
    broken = !sendAll(socket, lineOf(message));
    message = nextMessage();
    if (message === undefined) {
      // The messages above may have been the rest of an interrupted report; what was counted since then comes now.
      beginCounters();
      message = nextMessage();
    }
  }
  C.close(socket);
}

function sendAll(socket: number, text: string): boolean {
  let rest = text;
  while (rest !== "") {
    const sent = tonumber(ffi.C.send(socket, rest, rest.length, QUIETLY)) as number;
    if (sent <= 0) return false;
    rest = rest.slice(sent);
  }
  return true;
}
