/** Checks of LuaJIT's FFI, and of what it calls of nginx's and the C library's. */
import * as ffi from "ffi";
import { get_errmsg_ptr, get_request } from "resty.core.base";
import { EVERYBODY } from "../../search.ts";
import { matches } from "../pattern.ts";
import { verify } from "../passwords.ts";
import { after, inRewrite, inWorker } from "./check.ts";
import type { LibraryCheck, LibraryChecks } from "./check.ts";
import { given, SERVER_NAME } from "./given.ts";

export const FFI: LibraryChecks<typeof ffi> = {
  cdef: inWorker(() => after(ffi.cdef("int atoi(const char *text);"))),
  cast: inWorker(() => ffi.cast("unsigned char *", ffi.create("char[2]"))[1] === 0),
  create: inWorker(() => ffi.create("char[2]")[1] === 0),
  createAddress: inWorker(() => after(address())),
  copy: inWorker(() => {
    const memory = ffi.create("char[2]");
    ffi.copy(memory, "a", 1);
    return memory[0] === 97;
  }),
  fill: inWorker(() => after(ffi.fill(ffi.create("char[2]"), 2))),
  text: inWorker(() => ffi.text(ffi.create("char[2]"), 2) === "\0\0"),
  load: inWorker(() => after(ffi.load("libc.so.6"))),
  gc: inWorker(() => after(ffi.gc(ffi.C.X509_STORE_new(), ffi.C.X509_STORE_free))),
};

/** Of libcrypt: MD5, SHA-512, bcrypt. */
export const CRYPT: LibraryChecks<ffi.Crypt> = {
  crypt: inWorker(() =>
    verify("a", "$1$salt$M17PcHxFIEt5v7SAsS4v60") &&
    verify("a", "$6$rounds=1000$salt$wvwybvGyjxO/EQpP.j9RMwI3HyNN5ts90ulrXC2dP7gZPwNPaIHoaNr7Cmsn9oLN06Rt.jyKuMFFEweZQujJo/") &&
    verify("a", "$2y$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC") &&
    !verify("b", "$1$salt$M17PcHxFIEt5v7SAsS4v60"),
  ),
};

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;

function address(): ffi.Memory {
  return ffi.createAddress("struct sluice_address", AF_UNIX, given.socket);
}

/** A plain socket that is connected to the self-test's own. */
function withSocket(use: (this: void, socket: number) => boolean): LibraryCheck {
  return inWorker(() => {
    const socket = ffi.C.socket(AF_UNIX, SOCK_STREAM, 0);
    const fine = socket >= 0 && ffi.C.connect(socket, address(), 2 + given.socket.length + 1) === 0 && use(socket);
    return ffi.C.close(socket) === 0 && fine;
  });
}

const stop = ffi.create("char *[1]") as unknown as ffi.Pointers;
const length = ffi.create("size_t[1]");
const scratch = ffi.create("unsigned char[256]");
const HOST = "host";

/** The text `3;`. */
function number(): ffi.Memory {
  const memory = ffi.create("char[3]");
  ffi.copy(memory, "3;", 2);
  return memory;
}

/** The part of `ffi.C` that is not OpenSSL's. */
export const C_LIBRARY = {
  malloc_trim: inWorker(() => after(ffi.C.malloc_trim(0))),
  clock: inWorker(() => (tonumber(ffi.C.clock()) as number) > 0),
  ngx_http_lua_ffi_exec_regex: inWorker(() => matches("abc", "b", EVERYBODY) === true),
  getppid: inWorker(() => ffi.C.getppid() > 0),
  strtod: inWorker(() => ffi.C.strtod(number(), stop) === 3 && stop[0][0] === 59),
  strtol: inWorker(() => tonumber(ffi.C.strtol(number(), stop, 10)) === 3 && stop[0][0] === 59),
  strchr: inWorker(() => ffi.C.strchr(number(), 59)[0] === 59),
  socket: withSocket(() => true),
  connect: withSocket(() => true),
  close: withSocket(() => true),
  setsockopt: withSocket((socket) => ffi.C.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, ffi.create("long[2]"), 16) === 0),
  send: withSocket((socket) => tonumber(ffi.C.send(socket, "GET", 3, 0x4000)) === 3),
  ngx_http_lua_ffi_var_get: inRewrite(() => {
    const found = ffi.C.ngx_http_lua_ffi_var_get(get_request(), HOST, HOST.length, scratch, 0, stop, length, get_errmsg_ptr());
    return found === 0 && ffi.text(stop[0], tonumber(length[0])) === SERVER_NAME;
  }),
  ngx_http_lua_ffi_var_set: inRewrite(() => {
    const value = number();
    length[0] = 256;
    const done = ffi.C.ngx_http_lua_ffi_var_set(get_request(), "self_test", 9, scratch, value, 2, ffi.create("unsigned char[256]"), length);
    return done === 0 && ngx.var.self_test === "3;";
  }),
} satisfies Partial<LibraryChecks<typeof ffi.C>>;
