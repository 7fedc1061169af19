/**
 * A client of the node: it makes new connections at a steady rate, each with one request, until its standard input ends or
 * MOST-SECONDS have passed. It is a process of its own, because it runs in the client's network namespace.
 *
 * `load.ts ADDRESS PORT HOST PER-SECOND MOST-SECONDS` prints the line BEGUN once requests are answered, and at the end a
 * line of JSON: a Load.
 */
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Load {
  readonly sent: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** Milliseconds after the first request. */
  readonly at: number;
  /** The status, or the error's code. */
  readonly why: string;
  /** The pod that answered; empty: none. */
  readonly pod: string;
}

const ANSWER_MS = 15_000;

export const BEGUN = "begun";
/** How many answers it takes until the line BEGUN is printed. */
const ANSWERED = 20;

function ask(host: string, port: number, name: string): Promise<{ why: string; pod: string }> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: "/", headers: { host: name }, agent: false, timeout: ANSWER_MS }, (response) => {
      response.on("error", (error: NodeJS.ErrnoException) => resolve({ why: error.code ?? error.message, pod: "" }));
      response.on("end", () => resolve({ why: response.statusCode === 200 ? "" : `${response.statusCode}`, pod: `${String(response.headers["x-pod"] ?? "")}` }));
      response.resume();
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", (error: NodeJS.ErrnoException) => resolve({ why: error.code ?? error.message, pod: "" }));
  });
}

async function load(address: string, port: number, name: string, perSecond: number, seconds: number): Promise<Load> {
  const begun = performance.now();
  const pending: Promise<void>[] = [];
  const failures: Failure[] = [];
  let over = false;
  let answered = 0;
  process.stdin.on("end", () => (over = true)).resume();
  for (let sent = 0; !over && sent < perSecond * seconds; sent++) {
    const at = Math.round(performance.now() - begun);
    pending.push(
      ask(address, port, name).then(({ why, pod }) => {
        if (++answered === ANSWERED) process.stdout.write(`${BEGUN}\n`);
        if (why !== "") failures.push({ at, why, pod });
      }),
    );
    await sleep(Math.max(0, ((sent + 1) * 1000) / perSecond - (performance.now() - begun)));
  }
  await Promise.all(pending);
  process.stdin.destroy();
  return { sent: pending.length, failures: failures.sort((a, b) => a.at - b.at) };
}

if (import.meta.main) {
  const [address = "", port = "", name = "", perSecond = "", seconds = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await load(address, Number(port), name, Number(perSecond), Number(seconds)))}\n`);
}
