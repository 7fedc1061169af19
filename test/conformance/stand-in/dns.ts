/** In CoreDNS's place, as a program: every question gets an answer that tells the asking address, as CoreDNS's plugin "whoami" does. */
import { createSocket } from "node:dgram";

const HEADER = 12;
const QUESTION_TAIL = 4;
const RESPONSE_AUTHORITATIVE = 0x84;
const POINTER_TO_NAME = [0xc0, HEADER];
const TYPE_A_CLASS_IN = [0, 1, 0, 1];

const socket = createSocket("udp4");
socket.on("message", (question, from) => {
  let end = HEADER;
  while (end < question.length && question[end] !== 0) end += (question[end] ?? 0) + 1;
  end += 1 + QUESTION_TAIL;
  if (end > question.length) return;
  const head = Buffer.from(question.subarray(0, end));
  head[2] = (head[2] ?? 0) | RESPONSE_AUTHORITATIVE;
  head[3] = 0;
  // One question, no answer, no authority, one additional record.
  [1, 0, 0, 1].forEach((count, i) => head.writeUInt16BE(count, 4 + 2 * i));
  const record = Buffer.from([...POINTER_TO_NAME, ...TYPE_A_CLASS_IN, 0, 0, 0, 0, 0, 4, ...from.address.split(".").map(Number)]);
  socket.send(Buffer.concat([head, record]), from.port, from.address);
});
socket.bind(53);
