/**
 * Commands that ask a running Sluice, for one of a cluster: the same command is run in its pod, by `kubectl exec`. Nothing
 * is reached that kubectl does not reach, and nothing is asked that whoever has no right to exec could ask.
 */
import { constants } from "node:os";
import type { Settings } from "../settings.ts";
import { isKubectlPlugin } from "../settings/program-name.ts";
import { splitName } from "../support/namespaced-name.ts";
import { UserError } from "../support/user-error.ts";
import { NO_SLUICE } from "./running.ts";

/** The Deployment of the manifests and of the chart, which has ingress-nginx's name. */
const USUAL_DEPLOYMENT = "ingress-nginx/ingress-nginx-controller";
const CONTAINER = "controller";
const WRONG = 2;
/** What a shell adds to a signal's number. */
const BY_SIGNAL = 128;

type AskingCommand = "get" | "logs" | "top" | "rollout" | "wait" | "explain";
type ClusterChoice = Pick<Settings, "pod" | "deployment" | "manifests" | "kubeconfig" | "context" | "apiserverHost" | "live">;

/**
 * Runs the command in a pod, if the command line asks for a cluster's Sluice, with this process's streams and signals. Gives
 * whether it did; the exit code is then set. Throws a UserError for flags that exclude each other, and where there is no
 * kubectl.
 *
 * @param argv the words behind the command.
 */
export async function ranInCluster(command: AskingCommand, settings: ClusterChoice, argv: readonly string[]): Promise<boolean> {
  const target = targetOf(command, settings, isKubectlPlugin());
  if (target === undefined) return false;
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  process.exitCode = await runKubectl(kubectlArguments(target, settings, isTerminal, ["sluice", command, ...withoutTarget(argv)]));
  return true;
}

/** `-n`'s value, and the object as kubectl names it. */
interface ExecTarget {
  readonly namespace: string;
  readonly object: string;
}

function targetOf(command: AskingCommand, settings: ClusterChoice, isPlugin: boolean): ExecTarget | undefined {
  const { pod, deployment, manifests, kubeconfig, context, apiserverHost, live } = settings;
  const flag = pod !== "" ? "--pod" : "--deployment";
  const asksRunning = command !== "explain" || live;
  if (pod !== "" && deployment !== "") throw mistake("--pod and --deployment both say which Sluice is asked: give one of them");
  const isGiven = pod !== "" || deployment !== "";
  if (isGiven && manifests.length > 0) throw mistake(`${flag} asks a running Sluice, and --manifests reads files: give one of them`);
  if (isGiven && apiserverHost !== "") throw mistake(`${flag} asks by kubectl, which has no --apiserver-host: name a --kubeconfig or a --context`);
  if (isGiven && !asksRunning) throw mistake(`${flag} asks a running Sluice: give --live as well`);
  const isAsked = isGiven || (isPlugin && asksRunning && manifests.length === 0 && apiserverHost === "");
  if (!isAsked && command !== "get" && command !== "explain" && (kubeconfig !== "" || context !== "")) {
    throw mistake("--kubeconfig and --context are for a Sluice of a cluster: name it with --deployment or --pod");
  }
  if (!isAsked) return undefined;
  const { namespace, name } = splitName(pod || deployment || USUAL_DEPLOYMENT) ?? { namespace: "", name: "" };
  return { namespace, object: `${pod === "" ? "deploy" : "pod"}/${name}` };
}

/** @param isTerminal whether a person is at both ends: then Ctrl-C goes to the command in the pod. */
function kubectlArguments({ namespace, object }: ExecTarget, { kubeconfig, context }: ClusterChoice, isTerminal: boolean, command: readonly string[]): readonly string[] {
  const cluster = [...(kubeconfig === "" ? [] : [`--kubeconfig=${kubeconfig}`]), ...(context === "" ? [] : [`--context=${context}`])];
  return ["exec", ...cluster, ...(isTerminal ? ["-i", "-t"] : []), "-n", namespace, object, "-c", CONTAINER, "--", ...command];
}

/** Flags that say where the command runs, and mean nothing in the pod. */
const OF_THE_TARGET = /^--(?:pod|deployment|kubeconfig|context)(?:(=).*)?$/s;

function withoutTarget(argv: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") return [...kept, ...argv.slice(index)];
    const match = OF_THE_TARGET.exec(word);
    if (!match) kept.push(word);
    else if (match[1] === undefined) index++;
  }
  return kept;
}

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Gives the exit code. */
function runKubectl(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // Before kubectl starts: a signal that comes at once would end this process alone.
    const forward = (name: NodeJS.Signals): void => void child.kill(name);
    for (const name of FORWARDED) process.on(name, forward);
    const child = process.getBuiltinModule("node:child_process").spawn("kubectl", args, { stdio: "inherit" });
    child.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === "ENOENT" ? "is not on the PATH" : `cannot be started (${code ?? message})`;
      reject(new UserError(`kubectl ${why}, and a Sluice of a cluster is asked by it: install it, or run sluice in the pod`, NO_SLUICE));
    });
    child.once("close", (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward);
      resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function mistake(sentence: string): UserError {
  return new UserError(sentence, WRONG);
}
