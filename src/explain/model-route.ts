/** The Model behind what the edge decided. */
import { DEFAULT_BACKEND, type EdgeRoute } from "../../edge/src/program.ts";
import { primaryOf, type Host, type Route } from "../model/shapes/routing.ts";

/** The Model's route behind an edge route: a route that only redirects to the path with a slash has no route of its own in the Model. */
export function routeOf(host: Host | undefined, route: EdgeRoute | undefined): Route | undefined {
  if (!host || !route) return undefined;
  const same = host.routes.filter((one) => Buffer.from(one.path, "utf8").toString("latin1") === route.path);
  const alike = same.filter((one) => JSON.stringify(one.when) === JSON.stringify(route.when));
  return alike.find((one) => samePool(one, route)) ?? alike[0] ?? same[0];
}

function samePool(model: Route, route: EdgeRoute): boolean {
  const backend = primaryOf(model.backend);
  if (backend.kind === "status") return route.respond === backend.status;
  return route.pool === (backend.kind === "service" ? backend.pool : DEFAULT_BACKEND);
}
