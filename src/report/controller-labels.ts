/** The labels of ingress-nginx's metrics that say which controller they come from. */
import type { Settings } from "../settings.ts";

export function controllerLabels(settings: Settings, env: NodeJS.ProcessEnv = process.env): Readonly<Record<"controller_class" | "controller_namespace" | "controller_pod", string>> {
  return {
    controller_class: settings.controllerClass,
    controller_namespace: env["POD_NAMESPACE"] || "default",
    controller_pod: env["POD_NAME"] ?? "",
  };
}
