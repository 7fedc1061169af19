import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldOfHead, fieldsOfHead, joined, readHead, readNumber } from "../../edge/src/http-response.ts";

const head = (...lines: string[]): ReturnType<typeof readHead> => readHead(lines.join("\r\n"), false);

test("a head is its status and its fields", () => {
  const read = head("HTTP/1.1 200 OK", "Content-Length: 5", "X-User:  ann\t ", "x-empty:", "Set-Cookie: a=1", "set-cookie: b=2");
  assert.deepEqual(read, {
    status: 200,
    fields: [["content-length", "5"], ["x-user", "ann"], ["x-empty", ""], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
    length: 5,
    reusable: true,
  });
  assert.ok(read);
  assert.equal(fieldOfHead(read, "set-cookie"), "a=1");
  assert.deepEqual(fieldsOfHead(read, "set-cookie"), ["a=1", "b=2"]);
  assert.equal(fieldsOfHead(read, "x-other"), undefined);
  assert.equal(joined(read, "set-cookie"), "a=1, b=2");
  assert.equal(joined(read, "x-other"), undefined);
});

test("a reason may be missing", () => {
  assert.equal(head("HTTP/1.1 204")?.status, 204);
  assert.equal(head("HTTP/1.1 204 ")?.status, 204);
});

test("what is no head of HTTP/1 is refused", () => {
  for (const bad of [
    "", "HTTP/1.1", "HTTP/1.1 20", "HTTP/2 200", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 2000", "HTTP/1.1 099 no",
    "HTTP/1.1 2x0 OK", "http/1.1 200 OK", "ICY 200 OK", "HTTP/1.1 200 O\nK", "HTTP/1.1 200 O\0K", "<html>not http at all</html>",
  ]) {
    assert.equal(head(bad), undefined, JSON.stringify(bad));
  }
});

test("what two readers could understand differently is refused", () => {
  for (const bad of [
    "X-User : ann", " X-User: ann", "X-User", ": ann", "", "X-User: a\rb", "X-User: a\nX-Admin: yes", "X-User: a\0b", "X User: ann", "X-User: a\x7f",
    "Content-Length: -1", "Content-Length: 1, 1", "Content-Length: 0x10", "Content-Length: ", "Content-Length: 1234567890123456",
  ]) {
    assert.equal(head("HTTP/1.1 200 OK", bad, "A: b"), undefined, JSON.stringify(bad));
  }
  assert.equal(head("HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 2"), undefined);
  assert.equal(head("HTTP/1.1 200 OK", "Content-Length: 1", "Transfer-Encoding: chunked"), undefined);
});

test("a head has a limit of fields", () => {
  const many = Array.from({ length: 128 }, (_, index) => `X-${index}: y`);
  assert.equal(head("HTTP/1.1 200 OK", ...many)?.fields.length, 128);
  assert.equal(head("HTTP/1.1 200 OK", ...many, "X: y"), undefined);
});

test("a connection is used again only when the end of the body is known", () => {
  const framing = (...lines: string[]): [number, boolean] => {
    const read = head("HTTP/1.1 200 OK", ...lines);
    assert.ok(read);
    return [read.length, read.reusable];
  };
  assert.deepEqual(framing("Content-Length: 0"), [0, true]);
  assert.deepEqual(framing("Content-Length: 7", "Content-Length: 7"), [7, true]);
  assert.deepEqual(framing("Content-Length: 7", "Connection: Close"), [7, false]);
  assert.deepEqual(framing("Transfer-Encoding: chunked"), [-1, false]);
  assert.deepEqual(framing(), [-1, false]);
  assert.equal(head("HTTP/1.0 200 OK", "Content-Length: 7")?.reusable, false);
});

test("some responses have no body, whatever they say", () => {
  assert.equal(head("HTTP/1.1 204 No Content", "Content-Length: 7")?.length, 0);
  assert.equal(head("HTTP/1.1 304 Not Modified", "Content-Length: 7")?.length, 0);
  assert.equal(head("HTTP/1.1 100 Continue")?.length, 0);
  assert.equal(readHead("HTTP/1.1 200 OK\r\nContent-Length: 7", true)?.length, 0);
});

test("numbers are digits and nothing else", () => {
  assert.equal(readNumber("0042"), 42);
  for (const bad of ["", "-1", "1.5", " 1", "1e3", "1234567890123456"]) assert.equal(readNumber(bad), undefined);
});
