/** Says in words how an endpoint is chosen; undefined: in turn. */
import type { Balance } from "../../edge/src/program.ts";
import { templateText } from "../model/grammar/template.ts";

export function policyText(balance: Balance | undefined): string | undefined {
  switch (balance?.kind) {
    case undefined:
      return undefined;
    case "ewma":
      return "the better of two by recent response times";
    case "hash": {
      const key = templateText(balance.key);
      return balance.subset === undefined ? `by the hash of ${key}` : `any of ${balance.subset} by the hash of ${key}`;
    }
    case "session":
      return `by the ${balance.persistent ? "persistent" : "balanced"} session of the cookie ${balance.cookie.name}`;
  }
}

