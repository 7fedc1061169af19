/**
 * Ends a worker that has said nothing for a long time, unless the machine is to blame: who wants to run and has hardly
 * been let had no turn of its event loop to miss.
 */
import { signal, stat, type ProcessIdentity } from "../../support/process-identity.ts";
import { cpuSecondsOf } from "./process-measures.ts";

/** More than any turn of an event loop takes, commits of tens of thousands of routes included. */
const LONGEST_TURN_SECONDS = 10;

/**
 * @param cpuThen processor time, in seconds, that it had used when it said something last.
 * Answers whether it was ended. It is killed: nothing softer reaches a process that looks at no signal.
 */
export function endDeafWorker(worker: ProcessIdentity, cpuThen: number): boolean {
  const isRunnable = stat(worker.pid)?.state === "R";
  if (isRunnable && cpuSecondsOf(worker.pid) - cpuThen < LONGEST_TURN_SECONDS) return false;
  return signal(worker, "SIGKILL");
}
