/** What the two halves of the test ground say to each other: the one that asks, and the one in namespaces of its own. */

/** Local addresses inside, all of which the machine answers: those of Gateways. Pods have theirs on a bridge. */
export const GATEWAY_ADDRESSES = "10.245.0.0/16";
export const POD_NETWORK = "10.244";
/** The node's address on the bridge, where the stand-in for the kubelet answers. */
export const NODE_ADDRESS = `${POD_NETWORK}.0.1`;
export const API_PORT = 6443;

/** Files in the ground's folder. */
export const FILES = {
  /** An administrator's kubeconfig for what runs inside, and for what runs outside. */
  inside: "inside.kubeconfig", outside: "kubeconfig",
  /** The API server for those outside: a socket with a path is in no network namespace. */
  socket: "api.sock",
} as const;

export interface GroundPlan {
  readonly folder: string;
  readonly etcd: string;
  readonly apiserver: string;
  readonly echo: string;
  readonly crds: string;
  /** Further flags of kube-apiserver. */
  readonly apiserverArgs: readonly string[];
}

export interface HttpAsk {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface ProgramStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** File of the ground's folder that gets what it prints. */
  readonly log: string;
}

/** `id` names the program or the question in all that is said of it. */
export type Order =
  | { readonly do: "start"; readonly id: number; readonly program: ProgramStart }
  | { readonly do: "signal"; readonly id: number; readonly name: NodeJS.Signals }
  | { readonly do: "ask"; readonly id: number; readonly ask: HttpAsk }
  | { readonly do: "stop" };

export type Reply =
  | { readonly say: "ready" }
  | { readonly say: "failed"; readonly why: string }
  /** A program ended. */
  | { readonly say: "ended"; readonly id: number; readonly code: number | null }
  | { readonly say: "answer"; readonly id: number; readonly answer: HttpAnswer }
  | { readonly say: "no answer"; readonly id: number; readonly why: string };
