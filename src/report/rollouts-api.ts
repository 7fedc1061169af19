/** The part of the admin API that tells of rollouts, and does what people ask of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ROLLOUT_ACTIONS, type RolloutAction } from "../rollout/release.ts";
import { LONGEST_MESSAGE, SIGNATURE_HEADER, SIGNATURE_LENGTH } from "../rollout/replicas.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { hasToken, RUNTIME_DIR_HEADER } from "./admin-token.ts";

export interface RolloutsApi {
  readonly statuses: () => readonly RolloutStatus[];
  /** Undefined: there is no such rollout. A text: why it cannot be done. */
  readonly act: (key: string, action: RolloutAction) => Promise<RolloutStatus | string | undefined>;
  /** Answers another replica (rollout/replicas.ts); undefined: nobody who may ask. */
  readonly hear: (body: string, signature: string) => Promise<{ readonly body: string; readonly signature: string } | undefined>;
  /** Who asks for a change must know it; empty: nobody may. */
  readonly token: string;
  /** The folder with the token's file. */
  readonly runtimeDir: string;
}

export const ROLLOUTS_PATH = "/api/v1/rollouts";
const ACTION = /^\/api\/v1\/rollouts\/([a-z0-9-]+)\/([a-z0-9.-]+)\/([a-z]+)$/;

export interface ToldRollouts {
  readonly status: number;
  /** JSON, or one line of text for what went wrong. */
  readonly body: readonly RolloutStatus[] | RolloutStatus | string;
  /** Where the token is that was missing. */
  readonly runtimeDir?: string;
}

/** Undefined: the path is none of rollouts. Any method but GET needs the token, whatever it asks for. */
export async function answerRollouts(api: RolloutsApi, request: IncomingMessage, path: string): Promise<ToldRollouts | undefined> {
  if (path !== ROLLOUTS_PATH && !path.startsWith(`${ROLLOUTS_PATH}/`)) return undefined;
  if (path === ROLLOUTS_PATH) return request.method === "GET" ? { status: 200, body: api.statuses() } : { status: 405, body: "use GET" };
  const [, namespace, name, word] = ACTION.exec(path) ?? [];
  const action = ROLLOUT_ACTIONS.find((one) => one === word);
  if (namespace === undefined || name === undefined || !action) return { status: 404, body: "not found" };
  if (request.method !== "POST") return { status: 405, body: "use POST" };
  const { token, runtimeDir } = api;
  if (!hasToken(request, token)) return { status: 403, body: `this needs the token in ${runtimeDir}: run sluice as the user that Sluice runs as, with --runtime-dir=${runtimeDir}`, runtimeDir };
  const done = await api.act(`${namespace}/${name}`, action);
  if (done === undefined) return { status: 404, body: `there is no rollout of ingress/${namespace}/${name}` };
  return typeof done === "string" ? { status: 409, body: done } : { status: 200, body: done };
}

export function sendRollouts({ status, body, runtimeDir }: ToldRollouts, response: ServerResponse): void {
  const text = typeof body === "string" ? `${body}\n` : `${JSON.stringify(body, null, 2)}\n`;
  const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text), ...(runtimeDir === undefined ? {} : { [RUNTIME_DIR_HEADER]: runtimeDir }) }).end(text);
}

/** Messages that are read at the same time: nothing is known of who sends them before they are whole. */
const MOST_HEARD = 32;
let hearing = 0;

async function hearSigned(hear: RolloutsApi["hear"], request: IncomingMessage, signature: string): ReturnType<RolloutsApi["hear"]> {
  try {
    const body = signature.length === SIGNATURE_LENGTH ? await bodyOf(request) : undefined;
    return body === undefined ? undefined : await hear(body, signature);
  } catch {
    return undefined;
  }
}

/** Hears another replica, which is elsewhere: who may speak shows its signature alone. */
export async function hearReplica({ hear }: RolloutsApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refuse = (status: number, sentence: string): void => void response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" }).end(`${sentence}\n`);
  if (request.method !== "POST") return refuse(405, "use POST");
  const signature = request.headers[SIGNATURE_HEADER];
  if (hearing >= MOST_HEARD) return refuse(503, "too many speak at once");
  hearing++;
  const answer = await hearSigned(hear, request, typeof signature === "string" ? signature : "").finally(() => hearing--);
  if (!answer) return refuse(403, "this is for the replicas of Sluice");
  response.writeHead(200, { "content-type": "application/json", [SIGNATURE_HEADER]: answer.signature }).end(answer.body);
}

/** Undefined: it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_MESSAGE) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
