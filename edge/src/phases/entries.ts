/**
 * Where the phases that many requests run begin. Each of these functions returns at once when it is called with `true`, which only
 * `beginPhases` does.
 */
import { checkAccess } from "./access.ts";
import { setNextPeer } from "./balancer.ts";
import { certificate } from "./certificate.ts";
import { clientHello } from "./client-hello.ts";
import { log } from "./log.ts";
import { logMeasured } from "./log-measured.ts";
import { respondAtGateways } from "./gateway-answers.ts";
import { addHeaders } from "./operator-headers.ts";
import { respond } from "./response.ts";
import { routeGateways, routeRequest } from "./rewrite.ts";

let respondTo = respond;

/** To be called before the first request, where there may be Gateways. */
export function lookForGateways(): void {
  routeGateways();
  respondTo = respondAtGateways;
}

export function rewritePhase(begins?: boolean): void {
  if (begins !== true) routeRequest();
}

export function accessPhase(begins?: boolean): void {
  if (begins !== true) checkAccess();
}

export function balancePhase(begins?: boolean): void {
  if (begins !== true) setNextPeer();
}

export function respondPhase(begins?: boolean): void {
  if (begins !== true) respondTo();
}

export function addHeadersPhase(begins?: boolean): void {
  if (begins !== true) addHeaders();
}

export function logPhase(begins?: boolean): void {
  if (begins !== true) log();
}

export function logMeasuredPhase(begins?: boolean): void {
  if (begins !== true) logMeasured();
}

export function clientHelloPhase(begins?: boolean): void {
  if (begins !== true) clientHello();
}

export function certificatePhase(begins?: boolean): void {
  if (begins !== true) certificate();
}

const PHASES: readonly ((this: void, begins: boolean) => void)[] = [
  rewritePhase, accessPhase, balancePhase, respondPhase, addHeadersPhase, logPhase, logMeasuredPhase, clientHelloPhase, certificatePhase,
];

/** More than the 112 calls after which LuaJIT compiles a function. */
const CALLS = 200;

/**
 * Has LuaJIT compile the beginning of each phase. What requests do is then compiled as ways from these beginnings, however it loops:
 * LuaJIT follows no loop from the beginning of a function that it compiles for the first time, and would leave a phase whose
 * requests all loop (over canaries, networks, checks) to the interpreter, and sometimes the functions that the phase calls as well.
 */
export function beginPhases(): void {
  for (const phase of PHASES) for (let call = 0; call < CALLS; call++) phase(true);
}
// Else the loop would be compiled, and not the functions that it calls.
jit.off(beginPhases);
