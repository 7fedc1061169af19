/** One step on the way of a request, for people. */
export interface ExplainedStep {
  readonly what:
    | "listener" | "host" | "client" | "route" | "canary" | "limit" | "satisfy" | "network" | "password" | "authentication" | "answer" | "rewrite" | "pool";
  readonly result: string;
  readonly why: string;
}
