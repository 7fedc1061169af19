/**
 * The validating admission webhook: an HTTPS server of its own that asks the model, and nothing else.
 *
 * Guarantees: nothing is rendered, nginx is not asked, no file is written and nothing is fetched to answer; a request
 * costs bounded memory and time, whoever sends it; without a usable certificate, or before the first model, the webhook
 * does not guess: the API server gets no verdict, and does as the webhook's failurePolicy says.
 */
import { createServer } from "node:https";
import type { Server, ServerOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Finding } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import { splitListenAddress } from "../settings/values.ts";
import { keyOf } from "../source/snapshot.ts";
import { UserError } from "../support/user-error.ts";
import { Excess, limitBodies } from "./body.ts";
import type { Bodies } from "./body.ts";
import { followCertificate } from "./certificate.ts";
import { keepFigures } from "./figures.ts";
import type { AdmissionFigures, FigureKeeper } from "./figures.ts";
import { judgeQuestion } from "./judge.ts";
import type { Consider } from "./judge.ts";
import { readReview, writeReview } from "./review.ts";
import { takeTurns } from "./turns.ts";

export type WebhookSettings = Pick<
  Settings,
  "validatingWebhook" | "validatingWebhookCertificate" | "validatingWebhookKey" | "validatingWebhookClientCa"
>;

export interface WebhookOptions {
  readonly settings: WebhookSettings;
  readonly consider: Consider;
  /** Gives what is to be waited for before `consider` may be asked; undefined: it may be asked now. Absent: at any time. */
  readonly atRest?: () => Promise<void> | undefined;
  /** Called when the webhook's findings may have changed. */
  readonly changed: () => void;
  /** For tests, which cannot wait that long. */
  readonly patience?: Patience;
}

export interface Webhook {
  /** The port on which the webhook listens; 0: it does not listen. */
  readonly port: number;
  readonly figures: AdmissionFigures;
  findings(): readonly Finding[];
  close(): void;
}

/** Milliseconds within which each of these has to be complete. */
interface Patience {
  readonly handshake: number;
  readonly headers: number;
  /** The whole of a request. */
  readonly request: number;
}

/** By default an API server waits ten seconds for an answer. */
const PATIENCE: Patience = { handshake: 5000, headers: 5000, request: 10_000 };
/** How long an idle connection is kept: an API server keeps a few open. */
const IDLE_MS = 60_000;
const MOST_CONNECTIONS = 256;

function serverOptions({ handshake, headers, request }: Patience, asksClients: boolean): ServerOptions {
  return {
    requestTimeout: request, headersTimeout: headers, handshakeTimeout: handshake, keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: headers / 5, ALPNProtocols: ["http/1.1"], minVersion: "TLSv1.2",
    ...(asksClients ? { requestCert: true, rejectUnauthorized: true } : {}),
  };
}

/** Without `--validating-webhook`: nothing listens, and nothing is wrong. */
export async function openWebhook(options: WebhookOptions): Promise<Webhook> {
  const keeper = keepFigures();
  const { settings, changed } = options;
  const address = splitListenAddress(settings.validatingWebhook);
  if (!address) return { port: 0, figures: keeper.figures, findings: () => [], close: () => {} };
  const bodies = limitBodies();
  const inTurn = takeTurns(options.atRest);
  const clientCa = settings.validatingWebhookClientCa;
  const server = createServer(serverOptions(options.patience ?? PATIENCE, clientCa !== ""), (request, response) => {
    respond(request, response, { bodies, inTurn, options, keeper }).catch(() => response.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("tlsClientError", (_, socket) => socket.destroy());
  const files = { certificate: settings.validatingWebhookCertificate, key: settings.validatingWebhookKey, clientCa };
  const followed = await followCertificate(files, (context) => server.setSecureContext(context), changed);
  await listen(server, address, settings.validatingWebhook);
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound ? bound.port : 0,
    get figures() {
      return keeper.figures;
    },
    findings: () => (followed.finding ? [followed.finding] : []),
    close() {
      followed.stop();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, address: { readonly host: string; readonly port: number }, flag: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port: address.port, ...(address.host ? { host: address.host } : {}) }, resolve);
    });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "is in use by another process" : (error as Error).message;
    throw new UserError(`The webhook's address ${flag} ${why}: choose another with --validating-webhook.`);
  }
}

interface Parts {
  readonly bodies: Bodies;
  readonly inTurn: (work: () => void) => Promise<void>;
  readonly options: WebhookOptions;
  readonly keeper: FigureKeeper;
}

async function respond(request: IncomingMessage, response: ServerResponse, { bodies, inTurn, options, keeper }: Parts): Promise<void> {
  const begun = performance.now();
  const say = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
    keeper.answered(status);
    // The rest of a body that was not read would be taken for the next request.
    if (!request.complete) response.setHeader("connection", "close");
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
  };
  if (request.method !== "POST") return say(405, "send an AdmissionReview with POST\n");
  let held: Awaited<ReturnType<Bodies["read"]>>;
  try {
    held = await bodies.read(request);
  } catch (error) {
    if (error instanceof Excess) return say(error.status, `${error.message}\n`);
    throw error;
  }
  try {
    await inTurn(() => {
      // A client that has gone, as clients that flood the webhook do, is not worth the time.
      if (!request.socket.destroyed) answerReview(held.body, begun, options, keeper, say);
    });
  } finally {
    held.done();
  }
}

function answerReview(
  body: Buffer, begun: number, { consider }: WebhookOptions, keeper: FigureKeeper, say: (status: number, text: string, type?: string) => void,
): void {
  const question = readReview(body);
  if ("status" in question) return say(question.status, `${question.message}\n`);
  const asked = performance.now();
  const verdict = judgeQuestion(question, consider);
  if (verdict === undefined) return say(503, "the cluster is not read yet\n");
  const ended = performance.now();
  say(200, writeReview(question.uid, verdict.answer), "application/json");
  if (verdict.checked === undefined) return;
  keeper.checked({
    ingress: keyOf(question.namespace, question.object?.metadata.name ?? question.name),
    allowed: verdict.answer.allowed,
    ingresses: verdict.checked,
    seconds: (ended - asked) / 1000,
    bytes: body.length,
    roundtripSeconds: (performance.now() - begun) / 1000,
  });
}
