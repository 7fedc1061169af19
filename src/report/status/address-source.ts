/**
 * Finds out which addresses Ingresses get, for as long as this replica leads.
 *
 * `--publish-status-address` is known at once. The Service of `--publish-service` is watched by name, so that a changed
 * address is in the status at once. Without both flags the nodes of our own pods are looked up, again and again.
 * While the Service or the nodes cannot be read, the addresses stay as last known; they are never guessed.
 */
import type { Finding } from "../../model/findings/findings.ts";
import type { Settings } from "../../settings.ts";
import { failureOf } from "../../source/kubernetes/findings.ts";
import { inWords } from "../../source/kubernetes/failures.ts";
import { watchForOutage } from "../../source/kubernetes/outage.ts";
import { Reflector } from "../../source/kubernetes/reflector.ts";
import { collectionOf, SERVICES } from "../../source/kubernetes/resources.ts";
import type { Sink } from "../../source/kubernetes/shared.ts";
import { createSlots } from "../../source/kubernetes/slots.ts";
import { TIMING } from "../../source/kubernetes/timing.ts";
import type { IngressAddress } from "../../source/objects.ts";
import { pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { splitName } from "../../support/namespaced-name.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { addressUnknown, publishServiceMissing } from "../cluster/findings.ts";
import { readOwnPod, readPodsLike } from "../cluster/pod.ts";
import type { Self } from "../cluster/pod.ts";
import { addressesOfNodes, addressesOfService, addressOf, nodesOfPods, sameAddresses, sortAddresses } from "./addresses.ts";

export type AddressSettings = Pick<
  Settings, "publishService" | "publishStatusAddress" | "reportNodeInternalIpAddress" | "statusUpdateInterval"
>;

export interface AddressOptions {
  readonly settings: AddressSettings;
  readonly api: ClusterApi;
  readonly self: Self;
  readonly log: Log;
  /** Called when `addresses` or `finding` changed. */
  readonly changed: () => void;
}

export interface AddressSource {
  /** Sorted; undefined while they are not known. */
  readonly addresses: readonly IngressAddress[] | undefined;
  readonly finding: Finding | undefined;
  /** Keeps the addresses up to date until `term` aborts. */
  follow(term: AbortSignal): void;
}

const EFFECT = "the status of Ingresses is not brought up to date";

export function findAddresses(options: AddressOptions): AddressSource {
  const { settings, api, self, log, changed } = options;
  let addresses: readonly IngressAddress[] | undefined;
  let finding: Finding | undefined;

  const know = (found: readonly IngressAddress[]): void => {
    const sorted = sortAddresses(found);
    const same = finding === undefined && addresses !== undefined && sameAddresses(addresses, sorted);
    finding = undefined;
    addresses = sorted;
    if (!same) changed();
  };
  const miss = (why: Finding): void => {
    if (finding?.code === why.code) return;
    finding = why;
    changed();
  };

  const followNodes = async (term: AbortSignal): Promise<void> => {
    if (self.podName === "") return miss(addressUnknown({ object: ofFlag("Ingress", "", ""), field: "--publish-service" }, {}));
    while (!term.aborted) {
      try {
        const pod = await readOwnPod(api, self, EFFECT, term);
        const nodes = nodesOfPods(await readPodsLike(api, self, pod, false, EFFECT, term), pod.name);
        const right = { verb: "get", resource: "nodes", kind: "Node", namespace: "", effect: EFFECT } as const;
        const raws = await Promise.all(nodes.map((name) => api.ask(right, `/api/v1/nodes/${encodeURIComponent(name)}`, term)));
        know(addressesOfNodes(raws, settings.reportNodeInternalIpAddress));
      } catch (error) {
        if (!term.aborted) log("debug", `the addresses of our nodes cannot be read: ${inWords(error)}`);
      }
      await pause(settings.statusUpdateInterval * 1000, term);
    }
  };

  const followService = (term: AbortSignal): void => {
    const { namespace, name } = splitName(settings.publishService) ?? { namespace: "", name: "" };
    const missing = (): void => miss(publishServiceMissing({ object: ofFlag("Service", namespace, name), field: "--publish-service" }, { service: settings.publishService }));
    const sink: Sink<unknown> = {
      begin: () => {},
      keepsNothing: () => false,
      take: (raw) => raw,
      replace: ([raw]) => (raw === undefined ? missing() : know(addressesOfService(raw))),
      put: (raw) => know(addressesOfService(raw)),
      remove: missing,
    };
    const collection = collectionOf(SERVICES, namespace, `metadata.name=${name}`);
    // The source of all objects logs that an API server is away, so this one need not.
    const quiet: Log = (_level, message, fields) => log("debug", message, fields);
    const outage = watchForOutage(api.connection.server, quiet, TIMING, term);
    const shared = { connection: api.connection, outage, log: quiet, failed: () => {}, timing: TIMING, counts: { reads: 0, rereads: 0, watches: 0, brokenWatches: 0 }, reads: createSlots(1), streams: true };
    const reflector = new Reflector(shared, {
      collection, sink, whenForbidden: "answer",
      forbidden: ({ verb }) => log("warn", failureOf(collection, verb, new Error("forbidden"))),
      granted: () => {},
    });
    void reflector.run(term);
  };

  return {
    get addresses() {
      return addresses;
    },
    get finding() {
      return finding;
    },
    follow(term) {
      if (settings.publishStatusAddress.length > 0) return know(settings.publishStatusAddress.map(addressOf));
      // What was true in an earlier term may not be so now.
      addresses = undefined;
      if (settings.publishService !== "") followService(term);
      else void followNodes(term);
    },
  };
}

function ofFlag(kind: "Service" | "Ingress", namespace: string, name: string) {
  return { kind, metadata: { namespace, name } };
}
