/**
 * Ids for requests that bring none: 32 hexadecimal digits, like nginx's `$request_id`, which costs a microsecond (a
 * call to OpenSSL's random generator, and one to the kernel, for each request).
 *
 * Two requests never get the same id: the kernel drew half of it for this worker, and the last eight digits count. The
 * id is a name, not a secret. It is written to memory that nginx copies it from, because a Lua string would cost the
 * garbage collector more than the id costs.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import { options } from "./options.ts";

const VARIABLE = "sluice_request_id";
const DIGITS = 32;

/** Two hexadecimal digits of each byte, as they lie in memory. */
const pairOf = ffi.create("uint16_t[256]");
const pairs = ffi.create("uint16_t[16]");
const text = ffi.cast("unsigned char *", pairs);
const scratch = ffi.create("unsigned char[256]");
const problem = ffi.create("unsigned char[256]");
const problemLength = ffi.create("size_t[1]");
let made = 0;

/** To be called when the worker starts. */
export function startRequestIds(): void {
  const digit = (value: number): number => "0123456789abcdef".charCodeAt(value);
  for (let byte = 0; byte < 256; byte++) pairOf[byte] = digit(byte >> 4) + digit(byte & 15) * 256;
  const [source] = io.open("/dev/urandom", "rb");
  for (let at = 0; at < 8; at++) {
    const drawn = source?.read(1);
    pairs[at] = pairOf[drawn === undefined ? math.random(0, 255) : drawn.charCodeAt(0)];
  }
  source?.close();
}

/** Names the request at hand; `$req_id` prefers what the client sent. */
export function nameRequest(): void {
  if (!options.requestIds) return;
  made++;
  write(8, math.random(0, 4294967295));
  write(12, made);
  problemLength[0] = 256;
  ffi.C.ngx_http_lua_ffi_var_set(get_request(), VARIABLE, VARIABLE.length, scratch, text, DIGITS, problem, problemLength);
}

/** Written without a loop, because LuaJIT does not compile a function with a loop into its caller. */
function write(at: number, word: number): void {
  pairs[at] = pairOf[(word >>> 24) & 255];
  pairs[at + 1] = pairOf[(word >>> 16) & 255];
  pairs[at + 2] = pairOf[(word >>> 8) & 255];
  pairs[at + 3] = pairOf[word & 255];
}
