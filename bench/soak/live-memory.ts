/**
 * Loaded into the controller under test (`--import`): tells what was live when V8 last collected everything. It forces no collection.
 *
 * The answer is a file named by the process id, in the folder that SLUICE_SOAK_LIVE names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { constants, PerformanceObserver, type NodeGCPerformanceDetail } from "node:perf_hooks";

const folder = process.env["SLUICE_SOAK_LIVE"];

if (folder !== undefined) {
  new PerformanceObserver((list) => {
    if (!list.getEntries().some((entry) => "detail" in entry && isMajor(entry.detail as NodeGCPerformanceDetail))) return;
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(`${folder}/${process.pid}.new`, String(heapUsed + external));
    renameSync(`${folder}/${process.pid}.new`, `${folder}/${process.pid}`);
  }).observe({ entryTypes: ["gc"] });
}

const isMajor = ({ kind }: NodeGCPerformanceDetail): boolean => kind === constants.NODE_PERFORMANCE_GC_MAJOR;
