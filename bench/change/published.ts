/**
 * What gateway-api-bench published of other engines, by the same methods with Gateway API objects: a kind cluster of one node on a
 * 16-core Ryzen 9950X, v2 (2025). Another machine, other objects: to be read for orders of magnitude alone.
 */
export interface Published {
  readonly what: string;
  readonly by: string;
  readonly measured: string;
}

export const PUBLISHED: readonly Published[] = [
  { what: "route added → first 200, 3,000 routes", by: "agentgateway", measured: "mean 16.6, most 74.6 ms" },
  { what: "route added → first 200, 3,000 routes", by: "Istio", measured: "mean 221, most 1,240 ms" },
  { what: "route added → first 200, 3,000 routes", by: "Envoy Gateway", measured: "mean 320, most 1,210 ms; 14,808 errors" },
  { what: "route added → first 200, 3,000 routes", by: "NGINX Gateway Fabric", measured: "mean 508, most 919 ms" },
  { what: "the same beside 5,000 routes churned", by: "agentgateway", measured: "mean 21.4, most 62.7 ms" },
  { what: "the same beside 5,000 routes churned", by: "Istio", measured: "mean 376, most 510 ms" },
  { what: "the same beside 5,000 routes churned", by: "NGINX Gateway Fabric", measured: "no change took effect within 5 min" },
  { what: "5,000 routes churned: proxy's memory, most / mean; processors", by: "agentgateway", measured: "46 / 40 MiB; 0.0025" },
  { what: "5,000 routes churned: proxy's memory, most / mean; processors", by: "NGINX Gateway Fabric", measured: "1.93 / 1.35 GiB; 1.39" },
  { what: "5,000 routes churned: controller's memory, most; processors, steady", by: "agentgateway", measured: "513 MiB; 0.007" },
  { what: "5,000 routes churned: controller's memory, most; processors, steady", by: "NGINX Gateway Fabric", measured: "563 MiB; 0.41" },
];
