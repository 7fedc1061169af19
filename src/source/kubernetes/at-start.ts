/**
 * Questions that are asked once, when the API server answers for the first time: whether the watched namespace exists,
 * and on which node we run.
 */
import type { Finding } from "../../model/findings/findings.ts";
import { UserError } from "../../support/user-error.ts";
import { createBackoff, pause } from "../../support/backoff.ts";
import type { Node } from "../objects.ts";
import { Refused, Unreachable } from "./failures.ts";
import { zoneUnknown } from "./findings.ts";
import { readObject } from "./pages.ts";
import type { ReflectorContext } from "./shared.ts";
import { fields, textOrNone, trimNode } from "./trim.ts";

/**
 * The object, or undefined when there is none. Throws `Refused` when the server refuses the question; asks again as long as
 * anything else goes wrong.
 */
async function ask({ connection, outage, timing }: ReflectorContext, path: string, signal: AbortSignal): Promise<unknown> {
  const backoff = createBackoff(timing.backoffBase, timing.backoffCap);
  for (;;) {
    try {
      return await readObject(connection, path, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Unreachable) await outage.failed(error.message);
      else if (error instanceof Refused && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
      else await pause(backoff.next(), signal);
      signal.throwIfAborted();
    }
  }
}

/**
 * ingress-nginx behaviour: a namespace that does not exist is most likely a slip of --watch-namespace, and nothing would
 * ever be served. Where the account may not read the namespace, the flag is believed.
 */
export async function requireNamespace(shared: ReflectorContext, name: string, signal: AbortSignal): Promise<void> {
  try {
    const found = await ask(shared, `/api/v1/namespaces/${encodeURIComponent(name)}`, signal);
    if (found === undefined) throw new UserError(`There is no namespace "${name}" in this cluster: create it, or correct --watch-namespace.`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    shared.log("debug", `whether the namespace ${name} exists is not known: ${error.message}`);
  }
}

/** The node that the environment says we run on (NODE_NAME, else the node of the pod that POD_NAMESPACE and POD_NAME name); or what is wrong. */
export async function readOwnNode(shared: ReflectorContext, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Node | Finding> {
  try {
    const name = env["NODE_NAME"] || (await nodeOfPod(shared, env, signal));
    if (!name) return zoneUnknown(env["NODE_NAME"] ?? "", "neither NODE_NAME nor POD_NAMESPACE and POD_NAME say where this process runs");
    const node = trimNode(await ask(shared, `/api/v1/nodes/${encodeURIComponent(name)}`, signal));
    return node ?? zoneUnknown(name, "there is no such node");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return zoneUnknown(env["NODE_NAME"] ?? "", `${error.message}; let Sluice's account get its pod and nodes`);
  }
}

async function nodeOfPod(shared: ReflectorContext, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string | undefined> {
  const [namespace, name] = [env["POD_NAMESPACE"], env["POD_NAME"]];
  if (!namespace || !name) return undefined;
  const pod = await ask(shared, `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`, signal);
  return textOrNone(fields(fields(pod)["spec"])["nodeName"]);
}
