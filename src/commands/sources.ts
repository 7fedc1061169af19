/** Chooses the source that the command line asks for, and reads it once where that is enough. */
import type { Settings } from "../settings.ts";
import { openConnection } from "../source/kubernetes/connection.ts";
import type { Connection } from "../source/kubernetes/connection.ts";
import { kubernetesSource } from "../source/kubernetes/source.ts";
import { manifestsSource } from "../source/manifests.ts";
import type { Source } from "../source/source.ts";
import { createLog } from "../support/log.ts";
import type { Log } from "../support/log.ts";
import { saidWhenLong } from "../support/progress.ts";

/** How long an API server, or a running Sluice, may fail before a command that looks once gives up, in milliseconds. */
export const LOOK_PATIENCE_MS = 5000;

/**
 * @param giveUpAfter milliseconds without success after which the API server is given up; absent: never.
 * @param inPart whether kinds that may not be read are findings, instead of a reason to give up.
 */
export function openSource(settings: Settings, log: Log, giveUpAfter?: number, inPart = false): Source {
  if (settings.manifests.length > 0) return manifestsSource({ folders: settings.manifests, gateways: settings.gatewayApi, log });
  const { kubeconfig, context, apiserverHost, certificateAuthority, watchNamespace, secrets, configmap } = settings;
  return kubernetesSource({
    kubeconfig, context, apiserverHost, certificateAuthority, watchNamespace, secrets, configmap, log,
    namespaces: settings.watchNamespaceSelector !== "",
    gateways: settings.gatewayApi,
    ownNode: settings.enableTopologyAwareRouting,
    inPart,
    ...(giveUpAfter === undefined ? {} : { giveUpAfter }),
  });
}

/** The log of a command that looks once. It has no warnings: what they say is in the findings, or ends the command. */
export function logOfLook({ logLevel }: Settings, output: "text" | "json" = "text"): Log {
  return createLog({ level: logLevel === "info" ? "error" : logLevel, output });
}

/**
 * Reads a source and does the work, which it is read for. The source ends with the work. Says on standard error what
 * takes long. Rejects as `start` of the source and as the work does.
 */
export async function withSource<T>(source: Source, work: (source: Source) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  try {
    await saidWhenLong(() => `reading ${source.description}`, () => source.start(() => {}, ending.signal));
    return await saidWhenLong("judging what was read", () => work(source));
  } finally {
    ending.abort();
  }
}

/**
 * Opens a connection to the same cluster for writing. It is not the source's, because it ends later. Undefined where
 * objects come from files: there is nothing to write to.
 */
export function clusterOf({ manifests, kubeconfig, context, apiserverHost, certificateAuthority }: Settings): (() => Promise<Connection>) | undefined {
  return manifests.length > 0 ? undefined : () => openConnection({ kubeconfig, context, apiserverHost, certificateAuthority });
}
