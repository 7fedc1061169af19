/** What keeps Sluice from writing to the cluster, as findings. Serving goes on whatever they say. */
import { finding } from "../../model/findings/findings.ts";
import type { FindingFactory } from "../../model/findings/findings.ts";

export const rightMissing: FindingFactory<{ verb: string; resource: string; remedy: string; effect: string }> = finding(
  "right-missing",
  "warning",
  ({ verb, resource, remedy }) => `Sluice's account may not ${verb} ${resource}: ${remedy}`,
  ({ effect }) => effect,
);

export const publishServiceMissing: FindingFactory<{ service: string }> = finding(
  "publish-service-missing",
  "error",
  ({ service }) => `Service "${service}", which --publish-service names, does not exist: create it, or correct the flag`,
  () => "the status of Ingresses stays as it is",
);

export const addressUnknown: FindingFactory<Record<never, never>> = finding(
  "address-unknown",
  "info",
  () => "Nothing says which addresses Ingresses get: set --publish-service or --publish-status-address, or POD_NAME and POD_NAMESPACE in the pod's environment",
  () => "the status of Ingresses stays as it is",
);
