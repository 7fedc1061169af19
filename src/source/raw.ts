/** Objects of kinds that Sluice does not serve from, as people wrote them: for reports. */
import type { FileOrigin } from "./objects.ts";

export interface RawObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** All of it. Every value comes from outside. */
  readonly value: unknown;
  /** Absent: it comes from a cluster. */
  readonly origin?: FileOrigin;
}
