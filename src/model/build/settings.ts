/** The flags that the Model depends on. */
import type { Settings } from "../../settings.ts";
import type { ListenerSettings } from "../streams/listeners.ts";

export type ModelSettings = Pick<
  Settings,
  | "watchNamespace" | "watchNamespaceSelector" | "ingressClass" | "controllerClass" | "ingressClassByName" | "watchIngressWithoutClass"
  | "endpoint" | "standIns" | "disableCatchAll" | "disableSvcExternalName" | "enableTopologyAwareRouting" | "annotationsPrefix" | "defaultBackendService"
  | "defaultSslCertificate" | "healthCheckPath" | "gatewayApi" | "gatewayController" | "gatewayAddresses" | "httpPort" | "allowLocalTargets" | "deepInspect" | "enableSslPassthrough"
> & ListenerSettings;
