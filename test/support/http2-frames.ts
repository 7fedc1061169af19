/**
 * HTTP/2 as RFC 9113 and RFC 7541 forbid it, frame by frame: what a conformance suite tries of a server, and forms in which a request
 * could come out as another one in HTTP/1.1. Each by its section.
 */
import { CONTINUATION, DATA, END_HEADERS, END_STREAM, frame, HEADERS, headerBlock, RST_STREAM, type Field } from "./raw-http2.ts";

const [PRIORITY, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE] = [2, 4, 5, 6, 7, 8];
const [PADDED, HAS_PRIORITY] = [8, 32];

export interface FramesForm {
  readonly section: string;
  readonly what: string;
  /** What is sent in turn on a new connection, after the preface. */
  readonly frames: readonly Buffer[];
}

/** @param host what is asked for @param id makes the paths unlike those of other forms */
export function framesForms(host: string, id: (index: number) => string): readonly FramesForm[] {
  const forms: FramesForm[] = [];
  const bytes = (...all: number[]): Buffer => Buffer.from(all);
  const u32 = (value: number): Buffer => bytes((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const get = (): Field[] => [[":method", "GET"], [":scheme", "https"], [":authority", host], [":path", `/first-${id(forms.length)}`]];
  const post = (): Field[] => [[":method", "POST"], ...get().slice(1)];
  const add = (section: string, what: string, ...frames: readonly Buffer[]): void => void forms.push({ section, what, frames });
  const request = (stream = 1, fields: readonly Field[] = get(), flags = END_HEADERS | END_STREAM): Buffer => frame(HEADERS, flags, stream, headerBlock(fields));
  const open = (...more: readonly Field[]): Buffer => request(1, [...post(), ...more], END_HEADERS);
  const data = (text: string, flags = END_STREAM): Buffer => frame(DATA, flags, 1, Buffer.from(text));
  const trailers = (...fields: readonly Field[]): Buffer => frame(HEADERS, END_HEADERS | END_STREAM, 1, headerBlock(fields));
  const hiddenText = (): string => `GET /hidden-${id(forms.length)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  add("4.1", "a frame of an unknown type", frame(99, 255, 0, bytes(1, 2, 3)), request());
  add("4.1", "undefined flags", frame(PING, 254, 0, Buffer.alloc(8)), request());
  add("4.1", "the reserved bit of the stream", frame(PING, 0, 0x80000000, Buffer.alloc(8)), request());
  add("4.2", "a frame of the largest size", open(), data("x".repeat(16_384)));
  add("4.2", "DATA beyond the largest size", open(), data("x".repeat(16_385)));
  add("4.2", "HEADERS beyond the largest size", frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([headerBlock(get()), headerBlock([["x", "y".repeat(17_000)]])])));
  add("4.3", "a header block that cannot be read", frame(HEADERS, END_HEADERS | END_STREAM, 1, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)));
  add("4.3", "PRIORITY within a header block", frame(HEADERS, END_STREAM, 1, headerBlock(get())), frame(PRIORITY, 0, 1, bytes(0, 0, 0, 0, 15)));
  add("4.3", "another stream's HEADERS within a header block", frame(HEADERS, END_STREAM, 1, headerBlock(get())), request(3));
  for (const [what, one] of [["DATA", frame(DATA, END_STREAM, 1, bytes(1))], ["RST_STREAM", frame(RST_STREAM, 0, 1, u32(8))], ["WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 1, u32(100))], ["CONTINUATION", frame(CONTINUATION, END_HEADERS, 1, headerBlock([["x", "y"]]))]] as const) {
    add("5.1", `${what} on an idle stream`, one);
    add("5.1", `${what} on a stream that the client has ended`, request(), one);
    add("5.1", `${what} after RST_STREAM`, open(), frame(RST_STREAM, 0, 1, u32(8)), one);
  }
  add("5.1", "HEADERS on a stream that the client has ended", request(), request());
  add("5.1", "HEADERS after RST_STREAM", open(), frame(RST_STREAM, 0, 1, u32(8)), request());
  add("5.1.1", "an even stream", request(2));
  add("5.1.1", "a stream below the last one", request(5), request(3));
  add("5.1.1", "the stream 0", request(0));
  add("5.1.2", "more streams than allowed", ...Array.from({ length: 300 }, (_, i) => request(2 * i + 1, post(), END_HEADERS)));
  add("5.3.1", "HEADERS that depend on themselves", frame(HEADERS, END_HEADERS | END_STREAM | HAS_PRIORITY, 1, Buffer.concat([u32(1), bytes(1), headerBlock(get())])));
  add("5.3.1", "PRIORITY that depends on itself", request(), frame(PRIORITY, 0, 1, Buffer.concat([u32(1), bytes(1)])));
  add("6.1", "DATA on the stream 0", request(), frame(DATA, END_STREAM, 0, bytes(1)));
  add("6.1", "DATA with more padding than bytes", open(), frame(DATA, END_STREAM | PADDED, 1, bytes(200, 1, 2)));
  add("6.1", "DATA with padding alone", open(), frame(DATA, END_STREAM | PADDED, 1, bytes(3, 0, 0, 0)));
  add("6.2", "HEADERS with more padding than bytes", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, Buffer.concat([bytes(255), headerBlock(get().slice(0, 2))])));
  add("6.2", "HEADERS with padding", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, Buffer.concat([bytes(4), headerBlock(get()), Buffer.alloc(4)])));
  add("6.3", "PRIORITY on the stream 0", frame(PRIORITY, 0, 0, bytes(0, 0, 0, 0, 1)), request());
  add("6.3", "PRIORITY of four bytes", request(), frame(PRIORITY, 0, 1, bytes(0, 0, 0, 0)));
  add("6.4", "RST_STREAM on the stream 0", frame(RST_STREAM, 0, 0, u32(8)), request());
  add("6.4", "RST_STREAM of three bytes", open(), frame(RST_STREAM, 0, 1, bytes(0, 0, 8)));
  add("6.5", "SETTINGS with ACK and a payload", frame(SETTINGS, 1, 0, Buffer.alloc(6)), request());
  add("6.5", "SETTINGS on a stream", frame(SETTINGS, 0, 1), request());
  add("6.5", "SETTINGS of five bytes", frame(SETTINGS, 0, 0, Buffer.alloc(5)), request());
  for (const [what, setting, value] of [["ENABLE_PUSH 2", 2, 2], ["INITIAL_WINDOW_SIZE 2^31", 4, 2 ** 31], ["MAX_FRAME_SIZE 1", 5, 1], ["MAX_FRAME_SIZE 2^24", 5, 2 ** 24], ["an unknown one", 99, 1], ["HEADER_TABLE_SIZE 0", 1, 0], ["MAX_HEADER_LIST_SIZE 0", 6, 0], ["INITIAL_WINDOW_SIZE 0", 4, 0]] as const) add("6.5.2", `the setting ${what}`, frame(SETTINGS, 0, 0, Buffer.concat([bytes(0, setting), u32(value)])), request());
  add("6.6", "PUSH_PROMISE of a client", request(), frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([u32(2), headerBlock(get())])));
  add("6.7", "PING on a stream", frame(PING, 0, 1, Buffer.alloc(8)), request());
  add("6.7", "PING of six bytes", frame(PING, 0, 0, Buffer.alloc(6)), request());
  add("6.8", "GOAWAY on a stream", frame(GOAWAY, 0, 1, Buffer.alloc(8)), request());
  add("6.8", "GOAWAY of a client, then a request", frame(GOAWAY, 0, 0, Buffer.alloc(8)), request());
  add("6.9", "WINDOW_UPDATE by 0 of the connection", frame(WINDOW_UPDATE, 0, 0, u32(0)), request());
  add("6.9", "WINDOW_UPDATE by 0 of a stream", open(), frame(WINDOW_UPDATE, 0, 1, u32(0)));
  add("6.9", "WINDOW_UPDATE of three bytes", frame(WINDOW_UPDATE, 0, 0, bytes(0, 0, 1)), request());
  add("6.9.1", "the connection's window beyond 2^31-1", frame(WINDOW_UPDATE, 0, 0, u32(2 ** 31 - 1)), frame(WINDOW_UPDATE, 0, 0, u32(2 ** 31 - 1)), request());
  add("6.9.1", "a stream's window beyond 2^31-1", open(), frame(WINDOW_UPDATE, 0, 1, u32(2 ** 31 - 1)), frame(WINDOW_UPDATE, 0, 1, u32(2 ** 31 - 1)));
  add("6.10", "CONTINUATION after END_HEADERS", request(), frame(CONTINUATION, END_HEADERS, 1, headerBlock([["x", "y"]])));
  add("6.10", "CONTINUATION on the stream 0", frame(HEADERS, END_STREAM, 1, headerBlock(get())), frame(CONTINUATION, END_HEADERS, 0, headerBlock([["x", "y"]])));
  add("6.10", "CONTINUATION after DATA", open(), data("x", 0), frame(CONTINUATION, END_HEADERS, 1, headerBlock([["x", "y"]])));
  add("6.10", "a header block in pieces", frame(HEADERS, END_STREAM, 1, headerBlock(get().slice(0, 2))), frame(CONTINUATION, 0, 1, headerBlock(get().slice(2))), frame(CONTINUATION, END_HEADERS, 1));
  add("7", "GOAWAY with an unknown code", frame(GOAWAY, 0, 0, bytes(0, 0, 0, 0, 0, 0, 1, 255)), request());
  add("7", "RST_STREAM with an unknown code", open(), frame(RST_STREAM, 0, 1, u32(511)), request(3));
  for (const field of [["Connection", "x"], ["connection", "keep-alive"], ["transfer-encoding", "chunked"], ["te", "trailers, deflate"], ["upgrade", "h2c"], ["keep-alive", "1"], ["proxy-connection", "close"], ["host", "other.example"], ["content-length", "7"], ["content_length", "7"], ["expect", "100-continue"]] as const) {
    add("8.2.2", `${field.join(": ")} in a request with a body`, open(field), data(hiddenText()));
    add("8.2.2", `${field.join(": ")} as a trailer`, open(), data(hiddenText(), 0), trailers(field));
  }
  for (const field of [[":path", "/hidden"], [":status", "200"], ["x\r\nhost", "y"], ["x", "y\r\n\r\nGET /hidden HTTP/1.1"], ["transfer-encoding", "chunked"]] as const) add("8.1", `${JSON.stringify(field.join(": "))} as a trailer`, open(), data("x", 0), trailers(field));
  add("8.1", "trailers that do not end the stream", open(), data("x", 0), frame(HEADERS, END_HEADERS, 1, headerBlock([["x", "y"]])), data("y"));
  for (const [what, length, ...parts] of [["more than its DATA", "10", "hello"], ["less than its DATA", "3", "hello"], ["less than its DATA together", "7", "hello", "world"], ["0 with DATA", "0", "hello"], ["right", "10", "hello", "world"]] as const) add("8.1.1", `a content-length that is ${what}`, open(["content-length", length]), ...parts.map((part, index) => data(part, index === parts.length - 1 ? END_STREAM : 0)));
  add("8.1.1", "a content-length without DATA", request(1, [...post(), ["content-length", "5"]]));
  add("8.1.1", "two content-lengths", open(["content-length", "5"], ["content-length", "5"]), data("hello"));
  add("8.1.1", "two content-lengths that differ", open(["content-length", "5"], ["content-length", "6"]), data("hello"));
  for (const path of ["/x y", "/x\ty", "/x HTTP/1.1\r\nX: y", "//other.example/x", "/x\x7f", "x", "", "/x?a b", "/%0d%0a", "http://h.example/x"]) add("8.3.1", `:path ${JSON.stringify(path)}`, request(1, get().map((field) => (field[0] === ":path" ? [":path", path.replace("/x", `/first-${id(forms.length)}`)] as const : field))));
  for (const [what, more] of [["another host", ["host", "other.example"]], ["the same host", ["host", host]], ["an empty host", ["host", ""]]] as const) add("8.3.1", `:authority and ${what}`, request(1, [...get(), more]));
  add("8.3.1", "no :authority and a host", request(1, [...get().filter(([name]) => name !== ":authority"), ["host", host]]));
  add("8.3.1", "no :authority and no host", request(1, get().filter(([name]) => name !== ":authority")));
  for (const value of ["", "http", "HTTPS", "https\0"]) add("8.3.1", `:scheme ${JSON.stringify(value)}`, request(1, get().map((field) => (field[0] === ":scheme" ? [":scheme", value] as const : field))));
  add("8.3.1", "a pseudo-field behind a field", request(1, [...get().slice(0, 3), ["x", "y"], ...get().slice(3)]));
  add("8.3.1", "an unknown pseudo-field", request(1, [...get(), [":protocol", "websocket"]]));
  add("8.5", "CONNECT", request(1, [[":method", "CONNECT"], [":authority", host]]));
  add("8.2.1", "crumbs of a cookie with a line's end", request(1, [...get(), ["cookie", "a=b"], ["cookie", "c\r\nX: y"]]));
  for (const [what, block] of [["an index beyond the tables", bytes(0xff, 0x80, 0x01)], ["the index 0", bytes(0x80)], ["a table's size beyond the setting", bytes(0x3f, 0xe1, 0xff, 0x03)], ["a table's size at the end", Buffer.concat([headerBlock(get()), bytes(0x20)])], ["Huffman padding of a byte", Buffer.concat([headerBlock(get()), bytes(0x10, 0x01, 0x78, 0x82, 0xff, 0xff)])], ["Huffman with an end", Buffer.concat([headerBlock(get()), bytes(0x10, 0x01, 0x78, 0x84, 0xff, 0xff, 0xff, 0xff)])]] as const) {
    add("RFC 7541", what, frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block.length < 8 ? Buffer.concat([block, headerBlock(get())]) : block])));
  }
  return forms;
}
