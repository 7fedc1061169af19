/** The shape of a check. The types here make the compiler ask for a check of every function that the edge calls. */

/** Where nginx lets a function be called. */
export type Phase = "worker" | "hello" | "certificate" | "rewrite" | "balancer";

export interface LibraryCheck {
  phase: Phase;
  /** Calls the function. False, or a Lua error: the function does not do what the edge needs. */
  works: (this: void) => boolean;
}

type NamesOf<T> = { [Name in keyof T]-?: NonNullable<T[Name]> extends (...args: never[]) => unknown ? Name : never }[keyof T];

/** One check of each function of a library that ngx.d.ts declares: a function that is added there needs one here. */
export type LibraryChecks<T> = { readonly [Name in NamesOf<T>]: LibraryCheck };

export function inWorker(works: (this: void) => boolean): LibraryCheck {
  return { phase: "worker", works };
}
export function inHello(works: (this: void) => boolean): LibraryCheck {
  return { phase: "hello", works };
}
export function inCertificate(works: (this: void) => boolean): LibraryCheck {
  return { phase: "certificate", works };
}
export function inRewrite(works: (this: void) => boolean): LibraryCheck {
  return { phase: "rewrite", works };
}
export function inBalancer(works: (this: void) => boolean): LibraryCheck {
  return { phase: "balancer", works };
}

/** True once its arguments were evaluated: for functions whose answer says nothing. */
export function after(this: void, ...calls: unknown[]): boolean {
  return calls.length >= 0;
}
