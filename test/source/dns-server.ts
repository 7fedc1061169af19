/** A small DNS server on 127.0.0.1 (RFC 1035, section 4): answers from a table that a test may change. */
import { createSocket } from "node:dgram";
import { isIPv4 } from "node:net";
import type { TestContext } from "node:test";

export type Reply = { readonly addresses: readonly string[]; readonly ttl: number } | "NXDOMAIN" | "SERVFAIL";

export interface DnsServer {
  readonly address: string;
  /** Lower-case name → reply; for other names the reply is NXDOMAIN. */
  readonly zone: Map<string, Reply>;
  /** The questions (`A name`, `AAAA name`), in the order of arrival. */
  readonly asked: string[];
}

const TYPES: Readonly<Record<number, "A" | "AAAA">> = { 1: "A", 28: "AAAA" };

export async function dnsServer(t: TestContext): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const zone = new Map<string, Reply>();
  const asked: string[] = [];
  socket.on("message", (query, { address, port }) => {
    const { name, type, end } = question(query);
    asked.push(`${type} ${name}`);
    socket.send(answer(query.subarray(0, end), type, zone.get(name.toLowerCase()) ?? "NXDOMAIN"), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.after(() => socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, zone, asked };
}

function question(query: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: TYPES[query.readUInt16BE(at + 1)] ?? "other", end: at + 5 };
}

function answer(query: Buffer, type: string, reply: Reply): Buffer {
  const addresses = typeof reply === "string" ? [] : reply.addresses.filter((one) => isIPv4(one) === (type === "A"));
  const head = Buffer.from(query);
  const code = reply === "NXDOMAIN" ? 3 : reply === "SERVFAIL" ? 2 : 0;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const bytes = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : ipv6Bytes(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // Points to the name in the question.
    record.writeUInt16BE(isIPv4(address) ? 1 : 28, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(typeof reply === "string" ? 0 : reply.ttl, 6);
    record.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([record, bytes]);
  });
  return Buffer.concat([head, ...records]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => 0);
  return Buffer.from([...groups(head), ...zeros, ...groups(tail)].flatMap((group) => [group >> 8, group & 255]));
}
