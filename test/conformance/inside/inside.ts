/**
 * The half of the test ground that is process 1 of namespaces of its own: network, control plane, stand-in.
 *
 * Guarantee: with this process everything in its namespaces ends, and it ends when whoever started it is gone. It takes
 * `Order`s and gives `Reply`s by Node's channel.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { openSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { API_PORT, FILES, type GroundPlan, type HttpAnswer, type HttpAsk, type Order, type ProgramStart, type Reply } from "../shapes.ts";
import { startStandIn } from "../stand-in/stand-in.ts";
import { startControlPlane } from "./control-plane.ts";
import { makeNetwork } from "./network.ts";

const plan = JSON.parse(process.argv[2] ?? "") as GroundPlan;
const programs = new Map<number, ChildProcess>();
const ASK_MS = 15_000;

// Whoever was killed cannot remove the folder any more.
process.on("disconnect", () => {
  rmSync(plan.folder, { recursive: true, force: true });
  process.exit();
});
// Ctrl-C reaches every process of the terminal: the other half says when to end.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});
process.on("message", (order: Order) => obey(order));

function say(reply: Reply): void {
  if (process.connected) process.send?.(reply);
}

function obey(order: Order): void {
  switch (order.do) {
    case "start":
      return start(order.id, order.program);
    case "signal":
      programs.get(order.id)?.kill(order.name);
      return;
    case "ask":
      ask(order.ask).then((answer) => say({ say: "answer", id: order.id, answer }), (error: unknown) => say({ say: "no answer", id: order.id, why: String(error) }));
      return;
    case "stop":
      process.exit();
  }
}

function start(id: number, { command, args, env, log }: ProgramStart): void {
  const output = openSync(join(plan.folder, log), "a");
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", output, output] });
  programs.set(id, child);
  const end = (code: number | null): void => {
    if (programs.delete(id)) say({ say: "ended", id, code });
  };
  child.once("error", () => end(127)).once("exit", end);
}

function ask({ url, method, headers, body }: HttpAsk): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: method ?? "GET", headers: headers ?? {}, agent: false, timeout: ASK_MS }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk)).once("error", reject)
        .once("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asking.once("timeout", () => asking.destroy(new Error(`no answer in ${ASK_MS / 1000} s`))).once("error", reject).end(body);
  });
}

/** Lets those outside reach the API server. */
function openDoor(): Promise<void> {
  const door = createServer((client) => {
    const server = connect(API_PORT, "127.0.0.1");
    client.pipe(server).pipe(client);
    client.once("error", () => server.destroy()).once("close", () => server.destroy());
    server.once("error", () => client.destroy()).once("close", () => client.destroy());
  });
  return new Promise((resolve) => door.listen(join(plan.folder, FILES.socket), resolve));
}

try {
  makeNetwork();
  const controlPlane = await startControlPlane(plan);
  await startStandIn({ ...controlPlane, folder: plan.folder, echo: plan.echo });
  await openDoor();
  say({ say: "ready" });
} catch (error) {
  say({ say: "failed", why: error instanceof Error ? error.message : String(error) });
}
