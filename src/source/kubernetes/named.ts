/**
 * Reads Secrets one by one (--secrets=named), for an account that may read no others: each Secret that somebody refers to
 * is listed and watched by its name. RBAC grants such requests by resourceNames.
 *
 * Guarantees: a Secret that may not be read holds up nothing and nobody; it is asked for again and again, so that a Role
 * that appears later is enough. A Secret that was read before is kept, as in an outage; one that was never read stands in
 * the Snapshot as forbidden, which is not the same as missing.
 * Source: Kubernetes documentation, "Using RBAC Authorization", "Referring to resources".
 */
import type { Finding } from "../../model/findings/findings.ts";
import type { Log } from "../../support/log.ts";
import type { Key, Snapshot } from "../snapshot.ts";
import type { Secret } from "../objects.ts";
import { copyInto, removeFrom } from "./copy.ts";
import { forbiddenFinding, secretForbidden } from "./findings.ts";
import { canExist, placeOf } from "./keys.ts";
import { Reflector } from "./reflector.ts";
import { collectionOf, SECRETS } from "./resources.ts";
import type { ReflectorContext, Sink } from "./shared.ts";
import { createSlots } from "./slots.ts";
import type { Wanted } from "./wanted.ts";

const AT_ONCE = 8;

export interface NamedOptions {
  /** Empty: all namespaces. */
  readonly namespace: string;
  readonly snapshot: Snapshot;
  readonly changed: () => void;
  /** Told of a finding about one Secret; undefined: there is none any more. */
  readonly note: (key: Key, found: Finding | undefined) => void;
  readonly signal: AbortSignal;
}

/** What the source calls to read and watch the named Secrets, as it does for its other collections. */
export interface NamedSecrets extends Pick<Wanted<"Secret">, "want" | "settled">, Pick<Reflector<unknown>, "run" | "reread" | "firstRead"> {}

interface Followed {
  /** Resolves after the first answer: the Secret was read, or may not be read. */
  readonly known: Promise<unknown>;
  readonly reflector: Reflector<Secret>;
  readonly end: Promise<void>;
  stop(): void;
}

export function keepNamed(shared: ReflectorContext, options: NamedOptions): NamedSecrets {
  const { namespace, snapshot, changed, note, signal } = options;
  const followed = new Map<Key, Followed>();
  const reads = createSlots(AT_ONCE);

  const start = (key: Key): Followed => {
    const place = placeOf(key);
    const collection = collectionOf(SECRETS, place.namespace, `metadata.name=${place.name}`);
    const ending = new AbortController();
    const quiet = quietly(shared.log);
    const refused = (): void => {
      const before = snapshot.get("Secret", place.namespace, place.name);
      if (!before) {
        snapshot.put({ kind: "Secret", metadata: place, data: {}, forbidden: true });
        changed();
      } else if (before.forbidden !== true) note(key, forbiddenFinding(secretForbidden, collection, { verb: "watch", unread: false }));
    };
    const sink = whileWanted(copyInto(snapshot, SECRETS, changed, (one) => one === key), ending.signal);
    // Failures are not passed on: a command that gives up after a while must not do so for a single Secret.
    const own: ReflectorContext = { ...shared, reads, log: quiet.log, failed: () => {} };
    const reflector = new Reflector(own, {
      collection, sink, whenForbidden: "answer",
      forbidden() {
        if (!ending.signal.aborted) refused();
      },
      granted() {
        if (ending.signal.aborted) return;
        quiet.reset();
        note(key, undefined);
      },
    });
    return { reflector, known: reflector.firstRead, end: reflector.run(AbortSignal.any([signal, ending.signal])), stop: () => ending.abort() };
  };

  const forget = (key: Key, one: Followed): void => {
    one.stop();
    followed.delete(key);
    removeFrom(snapshot, "Secret", placeOf(key), changed);
    note(key, undefined);
  };

  return {
    firstRead: Promise.resolve(true),
    async run() {
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
      await Promise.all([...followed.values()].map(({ end }) => end));
    },
    async reread() {
      const read = await Promise.all([...followed.values()].map(({ reflector }) => reflector.reread()));
      return read.every(Boolean);
    },
    async want(keys) {
      for (const [key, one] of [...followed]) if (!keys.has(key)) forget(key, one);
      const news = [...keys].filter((key) => !followed.has(key) && canExist(key, namespace));
      for (const key of news) followed.set(key, start(key));
      await Promise.all([...followed.values()].map(({ known }) => known));
    },
    settled: () => Promise.resolve(),
  };
}

/** An answer that comes when the Secret is no longer wanted leaves nothing behind. */
function whileWanted(sink: Sink<Secret>, over: AbortSignal): Sink<Secret> {
  return {
    ...sink,
    replace: (objects, version) => over.aborted || sink.replace(objects, version),
    put: (raw, version) => over.aborted || sink.put(raw, version),
    remove: (raw, version) => over.aborted || sink.remove(raw, version),
  };
}

/** Warns once until `reset`: a Secret that nobody lets us read for days would fill the log. */
function quietly(log: Log): { readonly log: Log; reset(): void } {
  let warned = false;
  return {
    log(level, message, more) {
      log(level === "warn" && warned ? "debug" : level, message, more);
      warned ||= level === "warn";
    },
    reset() {
      warned = false;
    },
  };
}
