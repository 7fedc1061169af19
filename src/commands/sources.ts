/** Chooses the source that the command line asks for. */
import type { Settings } from "../settings.ts";
import { kubernetesSource } from "../source/kubernetes/source.ts";
import { manifestsSource } from "../source/manifests.ts";
import type { Source } from "../source/source.ts";
import type { Log } from "../support/log.ts";

/** @param giveUpAfter milliseconds without success after which a cluster is given up; absent: never. */
export function openSource(settings: Settings, log: Log, giveUpAfter?: number): Source {
  if (settings.manifests.length > 0) return manifestsSource({ folders: settings.manifests, log });
  const { kubeconfig, context, watchNamespace, secrets, configmap } = settings;
  return kubernetesSource({ kubeconfig, context, watchNamespace, secrets, configmap, log, ...(giveUpAfter === undefined ? {} : { giveUpAfter }) });
}
