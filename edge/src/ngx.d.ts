/** The part of the Lua API of nginx (lua-nginx-module, lua-resty-core) that the edge uses. Nothing more belongs here,
 *  and each function has its check in phases/self-test/. */

/** @noSelf */
declare namespace ngx {
  /** Values are strings; assigning undefined clears the variable. */
  export const vars: Record<string, string | undefined>;
  export { vars as var };
  /** Response headers; several of one name are a list. */
  export const header: Record<string, string | string[] | undefined>;
  /** May be set until the response's headers are sent. */
  export let status: number;
  /** By the names of lua_shared_dict. */
  export const shared: {
    sluice_ewma?: SharedDict;
    sluice_limits: SharedMemory;
    sluice_workers: SharedMemory;
    sluice_connections: SharedMemory;
    sluice_digest: SharedMemory;
    sluice_auth: SharedMemory;
  };

  /** What `exit` takes in the certificate phase to end the handshake. */
  export const ERROR: number;

  export const ERR: number;
  export const WARN: number;
  export const NOTICE: number;
  export const INFO: number;

  export function log(level: number, ...message: (string | number)[]): void;
  export function exit(status: number): void;
  export function print(text: string): void;
  export function redirect(uri: string, status: number): void;
  /** Ends this phase, and sends the request to the location of this URI, from the server rewrite phase on. */
  export function exec(uri: string, args?: string): void;
  export function now(): number;
  export function sleep(seconds: number): void;
  export function get_phase(): string;
  /** Digests: bytes, and hexadecimal. */
  export function md5_bin(text: string): string;
  export function md5(text: string): string;
  export function hmac_sha1(key: string, text: string): string;
  export function encode_base64(bytes: string): string;
  export function decode_base64(text: string): string | undefined;
  /** Seconds since 1970 as cookies write them. */
  export function cookie_time(seconds: number): string;
  export interface SharedDict {
    /** Value and flags; no flags when they are 0. */
    get(key: string): LuaMultiReturn<[number | undefined, number?]>;
    set(key: string, value: number, seconds: number, flags: number): void;
    /** Sets the value only where the key has none. */
    add(key: string, value: number, seconds: number, flags: number): void;
  }
  /** Type 0: as a path, `/` and what may stand in one stay. */
  export function escape_uri(text: string, type: number): string;

  /** @noSelf */
  export namespace req {
    export function set_uri(uri: string, jump: boolean, binary?: boolean): void;
    export function get_method(): string;
    export function is_internal(): boolean;
    /** Seconds of Unix time, with milliseconds. */
    export function start_time(): number;
    /** Of up to `limit` headers (0: all); with `raw` their names as the client wrote them. */
    export function get_headers(limit: number, raw?: boolean): Record<string, string | string[]>;
    /** A request header; undefined removes it. */
    export function set_header(name: string, value: string | string[] | undefined): void;
    export function clear_header(name: string): void;
    export function discard_body(): void;
    /** The connection of the client: with `raw` all that it sends, which nobody else reads then, and no answer comes but what is sent there. */
    export function socket(raw: boolean): LuaMultiReturn<[TcpSocket | undefined, string?]>;
  }
  /** For a component of a URI: all but letters, digits and a few marks become `%XX`. */
  export function escape_uri(text: string): string;
  export function sha1_bin(text: string): string;
  /** Seconds since 1970 of an HTTP date. */
  export function parse_http_time(text: string): number | undefined;
  export function time(): number;

  /** @noSelf */
  export namespace thread {
    type Thread = object & { readonly __thread: unique symbol };
    /** Runs at once, up to its first wait. All threads of a request end with it. */
    export function spawn<T extends unknown[]>(run: (this: void, ...given: T) => void, ...given: T): Thread;
    /** Until one of them has ended. */
    export function wait(...threads: Thread[]): void;
  }
  /** @noSelf */
  export namespace timer {
    export function at(delay: number, callback: (this: void, premature: boolean) => void): LuaMultiReturn<[boolean, string?]>;
  }
  /** @noSelf */
  export namespace worker {
    export function id(): number;
    export function pid(): number;
    export function exiting(): boolean;
  }
  /** Memory that the workers share. `safe_…` never evicts another key. Times in seconds. */
  export interface SharedMemory {
    get(key: string): string | number | undefined;
    set(key: string, value: string | number, seconds?: number): LuaMultiReturn<[boolean | undefined, string?]>;
    safe_set(key: string, value: string | number, seconds?: number): LuaMultiReturn<[boolean | undefined, string?]>;
    /** False when the key is there. */
    add(key: string, value: string | number, seconds?: number): LuaMultiReturn<[boolean | undefined, string?]>;
    safe_add(key: string, value: string | number, seconds?: number): LuaMultiReturn<[boolean | undefined, string?]>;
    incr(key: string, by: number, initial?: number): LuaMultiReturn<[number | undefined, string?]>;
    expire(key: string, seconds: number): void;
    delete(key: string): void;
    get_keys(most: number): string[];
  }
  /** @noSelf */
  export namespace socket {
    export function tcp(): TcpSocket;
  }
  export interface TcpSocket {
    /** Of a unix socket: `unix:` and its path. */
    connect(address: string, options?: { pool: string }): LuaMultiReturn<[boolean | undefined, string?]>;
    connect(address: string, port: number, options: { pool: string }): LuaMultiReturn<[boolean | undefined, string?]>;
    /** `reused` false: no session is kept. */
    sslhandshake(reused: false, serverName: string | undefined, verify: boolean): LuaMultiReturn<[boolean | undefined, string?]>;
    /** How often this connection was taken from its pool. */
    getreusedtimes(): LuaMultiReturn<[number | undefined, string?]>;
    /** Gives the connection back to its pool; refused when something that nobody read is there. */
    setkeepalive(milliseconds: number, connections: number): LuaMultiReturn<[number | undefined, string?]>;
    settimeouts(connectMs: number, sendMs: number, readMs: number): void;
    /** Bytes sent, or undefined and an error. */
    send(data: string): LuaMultiReturn<[number | undefined, string?]>;
    /** A line without its newline; or undefined, an error, and what was read so far. */
    receive(pattern: "*l"): LuaMultiReturn<[string | undefined, string?, string?]>;
    /** So many bytes, all of them. */
    receive(bytes: number): LuaMultiReturn<[string | undefined, string?, string?]>;
    /** What is there, up to so many bytes; waits for the first. */
    receiveany(bytes: number): LuaMultiReturn<[string | undefined, string?]>;
    close(): void;
  }
}

declare module "ngx.balancer" {
  function set_current_peer(this: void, host: string, port: number): LuaMultiReturn<[boolean | undefined, string?]>;
  function set_more_tries(this: void, count: number): LuaMultiReturn<[boolean | undefined, string?]>;
  function set_timeouts(this: void, connect: number | undefined, send: number | undefined, read: number | undefined): void;
  function get_last_failure(this: void): LuaMultiReturn<[string | undefined, number?]>;
}
declare module "ngx.ssl" {
  type Cdata = object & { readonly __cdata: unique symbol };
  function server_name(this: void): LuaMultiReturn<[string | undefined, string?]>;
  /** The address that the client connected to, 4 or 16 bytes, with its type. */
  function raw_server_addr(this: void): LuaMultiReturn<[string | undefined, string?]>;
  function server_port(this: void): LuaMultiReturn<[number | undefined, string?]>;
  function clear_certs(this: void): LuaMultiReturn<[boolean | undefined, string?]>;
  function parse_pem_cert(this: void, pem: string): LuaMultiReturn<[Cdata | undefined, string?]>;
  function parse_pem_priv_key(this: void, pem: string): LuaMultiReturn<[Cdata | undefined, string?]>;
  function set_cert(this: void, chain: Cdata): LuaMultiReturn<[boolean | undefined, string?]>;
  function set_priv_key(this: void, key: Cdata): LuaMultiReturn<[boolean | undefined, string?]>;
  function verify_client(this: void, ca: Cdata | undefined, depth: number): LuaMultiReturn<[boolean | undefined, string?]>;
  /** From lua-resty-core 0.1.26 on. The TLS connection at hand, if there is one. */
  const get_req_ssl_pointer: undefined | ((this: void) => LuaMultiReturn<[import("ffi").Pointer | undefined, string?]>);
}
declare module "ngx.ssl.clienthello" {
  function get_client_hello_server_name(this: void): LuaMultiReturn<[string | undefined, string?]>;
}
declare module "cjson.safe" {
  function decode(this: void, text: string): LuaMultiReturn<[unknown, string?]>;
  function encode(this: void, value: unknown): string;
}
declare module "resty.core.base" {
  /** The nginx request at hand, as a pointer. */
  function get_request(this: void): object;
  /** Where functions of nginx put a pointer to what went wrong. */
  function get_errmsg_ptr(this: void): object;
}
declare module "resty.core.regex" {
  /** A compiled pattern, freed when nobody holds it, or by `destroy_compiled_regex`. */
  type Compiled = object & { readonly __compiled: unique symbol };
  /** By the options of ngx.re: the pattern, whether it is kept in nginx's cache, and flags; or undefined and the problem. */
  function re_match_compile(this: void, pattern: string, options: string): LuaMultiReturn<[Compiled | undefined, boolean | string, number]>;
  /** After a match with so many groups, the whole counted: the groups by number and name. */
  function collect_captures(this: void, compiled: Compiled, count: number, text: string, flags: number): Record<string | number, string | false>;
  function destroy_compiled_regex(this: void, compiled: Compiled): void;
}
declare module "ffi" {
  /** Memory of C, by index from 0. */
  type Memory = { [index: number]: number };
  /** The same of pointers. */
  type Pointers = { [index: number]: Memory };
  /** A pointer to something of OpenSSL's. NULL equals undefined. */
  type Pointer = object & { readonly __pointer: unique symbol };
  function cdef(this: void, declarations: string): void;
  function cast(this: void, type: string, value: object): Memory;
  /** `ffi.new`. @customName new */
  function create(this: void, type: string): Memory;
  /** `ffi.new` of a struct, with its fields in order. @customName new */
  function createAddress(this: void, type: string, family: number, path: string): Memory;
  function copy(this: void, to: Memory, bytes: string, count: number): void;
  function fill(this: void, memory: Memory, count: number): void;
  /** `ffi.string`: up to the first NUL, or `count` bytes. @customName string */
  function text(this: void, memory: Memory, count?: number): string;
  function load(this: void, name: string): unknown;
  interface Crypt {
    /** crypt(3); its memory serves the next call, too. NULL is undefined. */
    crypt(this: void, password: string, setting: string): Memory | undefined;
  }
  /** `finalizer` is called when nobody holds the pointer that is given back. */
  function gc(this: void, pointer: Pointer, finalizer: (this: void, pointer: Pointer) => void): Pointer;
  const C: {
    getppid(this: void): number;
    // Declared by phases/pattern.ts.
    malloc_trim(this: void, pad: number): number;
    clock(this: void): object;
    /** Declared by resty.core.regex. Groups of the match, the whole counted; -1: no match; else what went wrong. */
    ngx_http_lua_ffi_exec_regex(this: void, compiled: object, flags: number, text: string, length: number, from: number): number;
    // Declared by phases/tallies.ts.
    strtod(this: void, text: Memory, stop: Pointers): number;
    strtol(this: void, text: Memory, stop: Pointers, base: number): object;
    strchr(this: void, text: Memory, byte: number): Memory;
    // Declared by phases/last-words.ts.
    socket(this: void, domain: number, type: number, protocol: number): number;
    connect(this: void, socket: number, address: Memory, length: number): number;
    setsockopt(this: void, socket: number, level: number, name: number, value: Memory, length: number): number;
    send(this: void, socket: number, bytes: string, count: number, flags: number): Memory;
    close(this: void, file: number): number;
    /** Declared by resty.core.var. Copies `value`. */
    ngx_http_lua_ffi_var_set(
      this: void, request: object, name: string, nameLength: number, lowerCase: Memory, value: Memory, length: number,
      problem: Memory, problemLength: Memory,
    ): number;
    /** Declared by resty.core.var. 0: found. */
    ngx_http_lua_ffi_var_get(
      this: void, request: object, name: string, nameLength: number, lowerCase: Memory, capture: number, value: Pointers, length: Memory,
      problem: object,
    ): number;
    // Declared by phases/openssl.ts; the first where lua-resty-core has no function for it.
    ngx_http_lua_ffi_get_req_ssl_pointer(this: void, request: object, problem: object): Pointer | undefined;
    SSL_set_session_id_context(this: void, ssl: Pointer, context: string, length: number): number;
    SSL_get_session(this: void, ssl: Pointer): Pointer | undefined;
    SSL_SESSION_get0_id_context(this: void, session: Pointer, length: Memory): Memory;
    SSL_get_verify_result(this: void, ssl: Pointer): object;
    SSL_set_cipher_list(this: void, ssl: Pointer, list: string): number;
    SSL_set_options(this: void, ssl: Pointer, options: number): object;
    SSL_clear_options(this: void, ssl: Pointer, options: number): object;
    SSL_ctrl(this: void, ssl: Pointer, command: number, number: number, pointer: Pointer): object;
    SSL_set_client_CA_list(this: void, ssl: Pointer, list: Pointer | undefined): void;
    SSL_add_client_CA(this: void, ssl: Pointer, certificate: Pointer): number;
    X509_STORE_new(this: void): Pointer;
    X509_STORE_free(this: void, store: Pointer): void;
    X509_STORE_add_cert(this: void, store: Pointer, certificate: Pointer): number;
    X509_STORE_add_crl(this: void, store: Pointer, crl: Pointer | undefined): number;
    X509_STORE_set_flags(this: void, store: Pointer, flags: number): number;
    BIO_new_mem_buf(this: void, bytes: string, length: number): Pointer;
    BIO_free(this: void, bio: Pointer): number;
    PEM_read_bio_X509(this: void, bio: Pointer, out: undefined, callback: undefined, argument: undefined): Pointer | undefined;
    PEM_read_bio_X509_CRL(this: void, bio: Pointer, out: undefined, callback: undefined, argument: undefined): Pointer | undefined;
    X509_free(this: void, certificate: Pointer): void;
    X509_CRL_free(this: void, crl: Pointer | undefined): void;
    ERR_clear_error(this: void): void;
  };
}
declare module "resty.lrucache" {
  interface Cache<T> {
    get(key: string): T | undefined;
    set(key: string, value: T, seconds?: number): void;
  }
  const create: { new: <T>(this: void, size: number) => LuaMultiReturn<[Cache<T> | undefined, string?]> };
  export = create;
}
