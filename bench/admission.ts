/**
 * How long the admission webhook takes, and how long it holds up everything else: one table for `npm run bench:admission`.
 *
 * Runs the webhook as it is, over HTTPS on loopback, with a Model of twenty thousand Ingresses in the same process. Sends
 * one question after the other, as one API server would for one user.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openWebhook } from "../src/admission/webhook.ts";
import { createModelBuilder } from "../src/model/build/build.ts";
import { ingress, ingressClass, snapshotOf, testConfig, testSettings, type Given } from "../test/support/objects.ts";
import { selfSigned } from "../test/support/openssl.ts";
import { reviewOf, webhookClient } from "./ask-webhook.ts";
import { runCommand } from "./command.ts";
import { readFlags } from "./command-line.ts";
import { inFolder } from "./in-folder.ts";
import { quantile } from "./statistics.ts";

const MANY = 10_000;
const WARM_UP = 200;

const USAGE = `npm run bench:admission

Asks the admission webhook over HTTPS on loopback, with a model of ${2 * MANY} Ingresses in the same process, one question after the other:
how long it takes, and how long everything else in the process had to wait meanwhile.
`;

/** Starts the webhook and gives its client. */
async function startWebhook(folder: string): Promise<ReturnType<typeof webhookClient>> {
  const { chain, key } = selfSigned(["localhost"]);
  writeFileSync(join(folder, "tls.crt"), chain);
  writeFileSync(join(folder, "tls.key"), key);
  const numbers = Array.from({ length: MANY }, (_, n) => n);
  const each: Given[] = numbers.map((n) => ingress(`shop/web-${n}`).host(`host-${n}.example`).path("/", "web:80").path("/cart", "cart:80").created(n));
  const one: Given[] = numbers.map((n) => ingress(`shop/path-${n}`).host("one.example").path(`/p${n}`, "web:80").created(n));
  const snapshot = snapshotOf(ingressClass("nginx"), ...each, ...one);
  const builder = createModelBuilder(testSettings);
  builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const webhook = await openWebhook({
    settings: {
      validatingWebhook: "127.0.0.1:0", validatingWebhookCertificate: join(folder, "tls.crt"), validatingWebhookKey: join(folder, "tls.key"), validatingWebhookClientCa: "",
    },
    consider: (candidate) => builder.consider(candidate, snapshot),
    changed: () => {},
  });
  const client = webhookClient(webhook.port, chain);
  return {
    ask: client.ask,
    close() {
      client.close();
      webhook.close();
    },
  };
}

type Ask = (body: Buffer) => Promise<number>;

async function measure(ask: Ask, name: string, body: Buffer, count: number): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const millis: number[] = [];
  for (let i = 0; i < count; i++) millis.push(await ask(body));
  delay.disable();
  const cells = [quantile(millis, 0.5), quantile(millis, 0.99), Math.max(...millis), delay.max / 1e6].map((value) => value.toFixed(1).padStart(8));
  process.stdout.write(`${name.padEnd(44)}${cells.join("")}\n`);
}

async function run(dir: string): Promise<void> {
  const { ask, close } = await startWebhook(dir);
  process.stdout.write(`${`${2 * MANY} Ingresses; milliseconds`.padEnd(44)}${["p50", "p99", "max", "loop"].map((head) => head.padStart(8)).join("")}\n`);
  const fresh = reviewOf("new.example", ["/", "/cart"]);
  for (let i = 0; i < WARM_UP; i++) await ask(fresh);
  await measure(ask, "a new host", fresh, 2000);
  await measure(ask, "a host and path that is taken", reviewOf("host-5.example", ["/"]), 2000);
  await measure(ask, `a host of ${MANY} Ingresses`, reviewOf("one.example", ["/new"]), 200);
  await measure(ask, "an Ingress of 500 paths", reviewOf("new.example", Array.from({ length: 500 }, (_, n) => `/p${n}`)), 100);
  await measure(ask, "a body of 8 MiB", reviewOf("new.example", ["/"], { filler: "x".repeat(8 * 1024 ** 2) }), 20);
  await measure(ask, "nothing but brackets, 1.2 MB", Buffer.from(`[${"[],".repeat(390_000)}[]]`), 20);
  close();
}

await runCommand({
  name: "bench:admission", usage: USAGE, needs: () => ["openssl"],
  parse: (argv) => (readFlags("bench:admission", argv, {}).values.help ? "help" : {}),
  run: async () => await inFolder(run),
});
