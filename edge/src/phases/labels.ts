/** The variables that name a route in the access log and in requests for error pages. */
import type { EdgeRoute } from "../program.ts";

export function labelRequest(route: EdgeRoute): void {
  const vars = ngx.var;
  vars.namespace = route.namespace;
  vars.ingress_name = route.ingress;
  vars.service_name = route.service;
  vars.service_port = route.port;
  vars.location_path = route.path;
}
