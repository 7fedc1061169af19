/**
 * How long a command that cannot wait for ever bears with an API server.
 *
 * Guarantee: a server that answers is waited for, however long its lists are; one that does nothing but fail, or says
 * nothing at all, is given up after `limit` with one sentence that says why.
 */
import { asSentence } from "../../support/text.ts";
import { UserError } from "../../support/user-error.ts";

export interface Patience {
  /** A request failed, for this reason. */
  failed(reason: string): void;
  /** The server granted a request. */
  answered(): void;
  /** Why the last request failed, or that none was answered yet; undefined: the last request was granted. */
  readonly trouble: string | undefined;
  /** Resolves with what `wait` gives; rejects with a UserError when patience ends first. */
  within<T>(wait: Promise<T>): Promise<T>;
}

/** @param limit milliseconds; undefined: patience never ends. */
export function createPatience(server: string, limit: number | undefined): Patience {
  let trouble: string | undefined = `it does not answer; start it, ${REMEDY}`;
  const within = async <T>(wait: Promise<T>, bound: number): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (trouble !== undefined) reject(new UserError(asSentence(`${server} cannot be read: ${trouble}`)));
      }, bound);
    });
    try {
      return await Promise.race([wait, over]);
    } finally {
      clearInterval(timer);
    }
  };
  return {
    failed(reason) {
      trouble = reason;
    },
    answered() {
      trouble = undefined;
    },
    get trouble() {
      return trouble;
    },
    within: (wait) => (limit === undefined ? wait : within(wait, limit)),
  };
}

export const REMEDY = "or name another with --kubeconfig or --context";
