/** A real Sluice inside a ground, which serves the Gateways of its class there. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../src/support/user-error.ts";
import { ROOT } from "../support/sluice.ts";
import type { Ground, InsideProgram } from "./ground.ts";
import { GATEWAY_ADDRESSES } from "./shapes.ts";
import { CLASS } from "./suite.ts";

const CONTROLLER = "sluice.ingress/gateway";
/** Of loopback, inside. */
export const HEALTH_PORT = 10_254;
const LOOK_MS = 100;
const PATIENCE_MS = 30_000;

interface GatewayClassState {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
    readonly supportedFeatures?: readonly { readonly name: string }[];
  };
}

/** Resolves with the features that Sluice claims, when it is ready and has accepted the class. @throws UserError that says why it does not come to that */
export async function startGatewaySluice(ground: Ground): Promise<readonly string[]> {
  await ground.apply([{ apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", metadata: { name: CLASS }, spec: { controllerName: CONTROLLER } }]);
  const sluice = ground.start({
    command: join(ROOT, "bin/sluice"), env: {}, log: "sluice.log",
    args: [
      "run", "--gateway-api", `--gateway-addresses=${GATEWAY_ADDRESSES}`, `--kubeconfig=${ground.kubeconfigInside}`, "--runtime-dir=/dev/shm/sluice",
      // The ports of Ingresses are out of the Gateways' way.
      "--bind-address=127.0.0.1", "--http-port=8080", "--https-port=8443", "--healthz-host=127.0.0.1", `--healthz-port=${HEALTH_PORT}`, "--shutdown-timeout=2",
    ],
  });
  await whileRunning(sluice, "Sluice is not ready", async () => (await ground.http({ url: `http://127.0.0.1:${HEALTH_PORT}/readyz` })).status === 200);
  return await acceptedFeatures(ground, sluice);
}

/** What the class's status says; rejects when it is not accepted. */
async function acceptedFeatures(ground: Ground, sluice: InsideProgram): Promise<readonly string[]> {
  const get = async (): Promise<GatewayClassState["status"]> => ((await ground.ask("GET", `/apis/gateway.networking.k8s.io/v1/gatewayclasses/${CLASS}`)) as GatewayClassState).status;
  await whileRunning(sluice, `Sluice did not accept the GatewayClass ${CLASS}`, async () =>
    (await get())?.conditions?.some(({ type, status }) => type === "Accepted" && status === "True") === true);
  return ((await get())?.supportedFeatures ?? []).map(({ name }) => name);
}

async function whileRunning(sluice: InsideProgram, otherwise: string, holds: () => Promise<boolean>): Promise<void> {
  let ended = false;
  void sluice.ended.then(() => (ended = true));
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds().catch(() => false))) {
    const last = (): string => sluice.log().trim().split("\n").at(-1) ?? "";
    if (ended) throw new UserError(`Sluice ended: ${last()}`);
    if (performance.now() > deadline) throw new UserError(`${otherwise} after ${PATIENCE_MS / 1000} s; its log ends with: ${last()}`);
    await sleep(LOOK_MS);
  }
}
