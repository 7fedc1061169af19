/** The part of the Lua API of nginx (lua-nginx-module, lua-resty-core) that the edge uses. Nothing more belongs here. */

/** @noSelf */
declare namespace ngx {
  /** Values are strings; assigning undefined clears the variable. */
  export const vars: Record<string, string | undefined>;
  export { vars as var };
  /** Response headers; several of one name are a list. */
  export const header: Record<string, string | string[] | undefined>;
  export const status: number;

  /** What `exit` takes in the certificate phase to end the handshake. */
  export const ERROR: number;

  export const ERR: number;
  export const WARN: number;
  export const NOTICE: number;
  export const INFO: number;

  export function log(level: number, ...message: (string | number)[]): void;
  export function exit(status: number): void;
  export function redirect(uri: string, status: number): void;
  export function now(): number;
  export function sleep(seconds: number): void;
  export function get_phase(): string;

  /** @noSelf */
  export namespace req {
    export function set_uri(uri: string, jump: boolean): void;
    export function get_method(): string;
    /** A request header; undefined removes it. */
    export function set_header(name: string, value: string | undefined): void;
    export function discard_body(): void;
  }
  /** @noSelf */
  export namespace re {
    /** 1-based start and end of the first match; undefined, undefined, error otherwise. */
    export function find(subject: string, regex: string, options: string): LuaMultiReturn<[number?, number?, string?]>;
    /** Groups by number and name, false for those that took no part; undefined, and an error if there was one. */
    export function match(subject: string, regex: string, options: string): LuaMultiReturn<[object?, string?]>;
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
  /** @noSelf */
  export namespace socket {
    export function tcp(): TcpSocket;
  }
  export interface TcpSocket {
    connect(address: string): LuaMultiReturn<[boolean | undefined, string?]>;
    settimeouts(connectMs: number, sendMs: number, readMs: number): void;
    /** Bytes sent, or undefined and an error. */
    send(data: string): LuaMultiReturn<[number | undefined, string?]>;
    /** A line without its newline; or undefined, an error, and what was read so far. */
    receive(pattern: "*l"): LuaMultiReturn<[string | undefined, string?, string?]>;
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
  function clear_certs(this: void): LuaMultiReturn<[boolean | undefined, string?]>;
  function parse_pem_cert(this: void, pem: string): LuaMultiReturn<[Cdata | undefined, string?]>;
  function parse_pem_priv_key(this: void, pem: string): LuaMultiReturn<[Cdata | undefined, string?]>;
  function set_cert(this: void, chain: Cdata): LuaMultiReturn<[boolean | undefined, string?]>;
  function set_priv_key(this: void, key: Cdata): LuaMultiReturn<[boolean | undefined, string?]>;
}
declare module "cjson.safe" {
  function decode(this: void, text: string): LuaMultiReturn<[unknown, string?]>;
  function encode(this: void, value: unknown): string;
}
declare module "resty.core.base" {
  /** The nginx request at hand, as a pointer. */
  function get_request(this: void): object;
}
declare module "ffi" {
  /** Memory of C, by index from 0. */
  type Memory = { [index: number]: number };
  function cdef(this: void, declarations: string): void;
  function cast(this: void, type: string, value: object): Memory;
  /** `ffi.new`. @customName new */
  function create(this: void, type: string): Memory;
  const C: {
    getppid(this: void): number;
    /** Declared by resty.core.var. Copies `value`. */
    ngx_http_lua_ffi_var_set(
      this: void, request: object, name: string, nameLength: number, lowerCase: Memory, value: Memory, length: number,
      problem: Memory, problemLength: Memory,
    ): number;
  };
}
declare module "resty.lrucache" {
  interface Cache<T> {
    get(key: string): T | undefined;
    set(key: string, value: T): void;
  }
  const create: { new: <T>(this: void, size: number) => LuaMultiReturn<[Cache<T> | undefined, string?]> };
  export = create;
}
