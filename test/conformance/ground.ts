/**
 * A current API server with the Gateway API's CRDs and pods that answer, for tests: in namespaces of its own, without a
 * cluster, a container or an address of the machine.
 *
 * Guarantee: with `stop`, and with the process that started it, however that ends, all processes, namespaces and mounts are gone.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inPath, SYSTEM_FOLDERS } from "../../bench/tools.ts";
import type { ApiObject } from "../support/kubectl.ts";
import { openAdminApi, type AdminApi, type Verb } from "./inside/api.ts";
import { FILES, type GroundPlan, type HttpAnswer, type HttpAsk, type Order, type ProgramStart, type Reply } from "./shapes.ts";
import { findTools, type Tools } from "./tools.ts";

/** A program that runs inside. */
export interface InsideProgram {
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** What it has printed. */
  log(): string;
}

export interface Ground {
  /** An administrator's kubeconfig for programs on this machine, and one for those inside. */
  readonly kubeconfig: string;
  readonly kubeconfigInside: string;
  /** Holds the logs of all parts until `stop`. */
  readonly folder: string;
  /** Asks the API server as an administrator; PATCH is a merge patch. Rejects with `Refused` where the answer is no success. */
  ask(verb: Verb, path: string, body?: object): Promise<unknown>;
  /** Server-side apply of objects, or of all objects in a text of YAML. */
  apply(what: string | readonly ApiObject[]): Promise<void>;
  /** What the containers of a pod have printed, as the API server gives it. */
  podLog(namespace: string, pod: string): Promise<string>;
  /** One HTTP request from inside, where pods and Gateways have their addresses. */
  http(ask: HttpAsk): Promise<HttpAnswer>;
  /** Starts a program inside. `log` is a file of `folder`. */
  start(program: ProgramStart): InsideProgram;
  /** Copies the logs to a folder. */
  keep(to: string): void;
  stop(): Promise<void>;
}

export interface GroundOptions {
  /** Further flags of kube-apiserver. */
  readonly apiserverArgs?: readonly string[];
  /** Ends a start that is not done; `stop` ends the ground afterwards. */
  readonly signal?: AbortSignal;
}

const LOG_MS = 15_000;
const NEEDS = { ip: "iproute2", unshare: "util-linux", mount: "mount", openssl: "openssl" } as const;

/** Why there can be no ground on this machine, apart from its programs; undefined: there can. */
export function machineLacks(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "namespaces need root";
  const folders = [...(process.env["PATH"] ?? "").split(":"), ...SYSTEM_FOLDERS, "/sbin"];
  const missing = Object.entries(NEEDS).filter(([program]) => inPath(program, folders) === undefined);
  if (missing.length > 0) return `${missing.map(([program]) => program).join(" and ")} is missing: apt-get install ${missing.map(([, name]) => name).join(" ")}`;
  return undefined;
}

/** Why tests with a current API server cannot run here, in one loud line; undefined when they can. */
export const groundMissing: string | undefined = (() => {
  const tools = findTools();
  const why = machineLacks() ?? (typeof tools === "string" ? tools : undefined);
  return why === undefined ? undefined : `SKIPPED, NOTHING PROVEN ON A CURRENT API SERVER: ${why}`;
})();

const NAMESPACES = ["--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"];

export async function startGround({ apiserverArgs = [], signal }: GroundOptions = {}): Promise<Ground> {
  const tools = findTools();
  if (typeof tools === "string") throw new Error(tools);
  signal?.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), "sluice-ground-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.on("exit", remove);
  const channel = openChannel(startInside(folder, tools, apiserverArgs));
  const abort = (): void => void channel.stop();
  signal?.addEventListener("abort", abort);
  try {
    await channel.ready;
    const door = await openOutside(folder);
    const api = await openAdminApi(join(folder, FILES.outside));
    return describeGround({ folder, channel, door, api, remove });
  } catch (error) {
    await channel.stop();
    remove();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function startInside(folder: string, { etcd, apiserver, echo, crds }: Tools, apiserverArgs: readonly string[]): ChildProcess {
  const plan: GroundPlan = { folder, etcd, apiserver, echo, crds, apiserverArgs };
  const path = [process.env["PATH"], ...SYSTEM_FOLDERS, "/sbin"].join(":");
  return spawn("unshare", [...NAMESPACES, process.execPath, join(import.meta.dirname, "inside/inside.ts"), JSON.stringify(plan)], {
    // A proxy of the machine's is out of reach, and its certificates are of no use.
    env: { PATH: path, HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"] }, stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

interface Channel {
  readonly ready: Promise<void>;
  start(program: ProgramStart, folder: string): InsideProgram;
  ask(ask: HttpAsk): Promise<HttpAnswer>;
  stop(): Promise<void>;
}

function openChannel(child: ChildProcess): Channel {
  let last = 0;
  const send = (order: Order): void => {
    if (child.connected) child.send(order);
  };
  const asked = new Map<number, PromiseWithResolvers<HttpAnswer>>();
  const started = new Map<number, PromiseWithResolvers<number | null>>();
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  child.on("message", (reply: Reply) => {
    switch (reply.say) {
      case "ready": return ready.resolve();
      case "failed": return ready.reject(new Error(`the test ground did not start: ${reply.why}`));
      case "ended": return started.get(reply.id)?.resolve(reply.code);
      case "answer": return asked.get(reply.id)?.resolve(reply.answer);
      case "no answer": return asked.get(reply.id)?.reject(new Error(reply.why));
    }
  });
  child.once("error", (error) => ready.reject(error)).once("exit", (code) => {
    const error = new Error(`the test ground ended (${code})`);
    ready.reject(error);
    for (const one of asked.values()) one.reject(error);
    for (const one of started.values()) one.resolve(null);
    gone.resolve();
  });
  ready.promise.catch(() => {});
  return {
    ready: ready.promise,
    start(program, folder) {
      const id = ++last;
      const end = Promise.withResolvers<number | null>();
      started.set(id, end);
      writeFileSync(join(folder, program.log), "", { flag: "a" });
      send({ do: "start", id, program });
      return { ended: end.promise, signal: (name) => send({ do: "signal", id, name }), log: () => readFileSync(join(folder, program.log), "utf8") };
    },
    ask(ask) {
      const id = ++last;
      const answer = Promise.withResolvers<HttpAnswer>();
      asked.set(id, answer);
      send({ do: "ask", id, ask });
      return answer.promise.finally(() => asked.delete(id));
    },
    async stop() {
      send({ do: "stop" });
      if (child.pid !== undefined) await gone.promise;
    },
  };
}

/** A port of this machine that leads to the API server inside, and the kubeconfig with it. */
async function openOutside(folder: string): Promise<Server> {
  const door = createServer((client) => {
    const server = connect(join(folder, FILES.socket));
    client.pipe(server).pipe(client);
    client.once("error", () => server.destroy()).once("close", () => server.destroy());
    server.once("error", () => client.destroy()).once("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  door.unref();
  const { port } = door.address() as AddressInfo;
  const text = readFileSync(join(folder, FILES.inside), "utf8");
  writeFileSync(join(folder, FILES.outside), text.replace(/https:\/\/127\.0\.0\.1:\d+/, `https://127.0.0.1:${port}`), { mode: 0o600 });
  return door;
}

interface GroundParts {
  readonly folder: string;
  readonly channel: Channel;
  readonly door: Server;
  readonly api: AdminApi;
  remove(): void;
}

function describeGround({ folder, channel, door, api, remove }: GroundParts): Ground {
  return {
    folder,
    kubeconfig: join(folder, FILES.outside),
    kubeconfigInside: join(folder, FILES.inside),
    ask: api.ask,
    apply: api.apply,
    async podLog(namespace, pod) {
      const { statusCode, body } = await api.connection.request(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, {}, AbortSignal.timeout(LOG_MS));
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`the log of ${namespace}/${pod}: ${statusCode} ${text}`);
      return text;
    },
    http: channel.ask,
    start: (program) => channel.start(program, folder),
    keep: (to) => cpSync(folder, to, { recursive: true, filter: (path) => path === folder || path.endsWith(".log") }),
    async stop() {
      await api.close();
      door.close();
      await channel.stop();
      remove();
    },
  };
}
