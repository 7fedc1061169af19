/** One step of an explanation: what was decided, the result, and why. */
export interface ExplainedStep {
  readonly what:
    | "gateway" | "listener" | "host" | "client" | "route" | "canary" | "share" | "limit" | "satisfy" | "tls" | "network" | "password" | "authentication" | "answer" | "rewrite" | "pool";
  readonly result: string;
  readonly why: string;
}
