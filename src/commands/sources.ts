/** Chooses the source that the command line asks for. */
import type { Settings } from "../settings.ts";
import { openConnection } from "../source/kubernetes/connection.ts";
import type { Connection } from "../source/kubernetes/connection.ts";
import { kubernetesSource } from "../source/kubernetes/source.ts";
import { manifestsSource } from "../source/manifests.ts";
import type { Source } from "../source/source.ts";
import type { Log } from "../support/log.ts";

/** @param giveUpAfter milliseconds without success after which a cluster is given up; absent: never. */
export function openSource(settings: Settings, log: Log, giveUpAfter?: number): Source {
  if (settings.manifests.length > 0) return manifestsSource({ folders: settings.manifests, log });
  const { kubeconfig, context, apiserverHost, certificateAuthority, watchNamespace, secrets, configmap } = settings;
  return kubernetesSource({
    kubeconfig, context, apiserverHost, certificateAuthority, watchNamespace, secrets, configmap, log,
    namespaces: settings.watchNamespaceSelector !== "",
    ownNode: settings.enableTopologyAwareRouting,
    ...(giveUpAfter === undefined ? {} : { giveUpAfter }),
  });
}

/**
 * The way to the same cluster for what is written to it: a connection of its own, because it ends later than the
 * source's. Undefined where objects come from files: there is nothing to write to.
 */
export function clusterOf({ manifests, kubeconfig, context, apiserverHost, certificateAuthority }: Settings): (() => Promise<Connection>) | undefined {
  return manifests.length > 0 ? undefined : () => openConnection({ kubeconfig, context, apiserverHost, certificateAuthority });
}
