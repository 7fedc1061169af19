/**
 * Settings of LuaJIT: its compiler, and its collection of garbage.
 *
 * LuaJIT records what a request does, once a way has been gone often, and gives a way up for good when four recordings in a
 * row were broken off: by a function that is never compiled, which some request of many calls. Half of all workers left the
 * requests of every host with TLS to the interpreter in this manner, for as long as they lived. So it tries more often
 * (`tryside`). `maxside` is the number of ways from one piece of code: hosts with many different features have more than 100.
 * One recording of the server rewrite phase holds everything from the decision to the checks of limits: more constants than the 500 that LuaJIT allows
 * (`maxirconst`), and more rounds of loops than 15 (`loopunroll`).
 *
 * `-fuse` works around a fault of the compiler for Intel and AMD processors. A comparison of numbers may read one of them from
 * memory by itself ("fused"). Where no register is free for the address, those that hold the constants 0 and nil are taken, and the
 * XOR that makes one zero again lands between the comparison and its jump: the jump then always goes one way. Whether a trace has this depends on the order in which code got hot: a worker may
 * send a session to another endpoint than before, and the worker beside it not. The correction that LuaJIT has since 2023
 * (https://github.com/LuaJIT/LuaJIT/issues/416) covers one such constant; with two of them the version in Debian 13 still errs.
 * Numbers that are loaded before they are compared take no register between the two.
 */

/** The part of `jit.opt` that is used: https://luajit.org/ext_jit.html. */
interface Optimizer {
  start(this: void, ...settings: string[]): void;
}

/**
 * Per cent of what was held after one collection of garbage, at which the next begins. With Lua's 200 a worker with many hosts could take twice what
 * it holds; with less, each request pays for more collections: 700 instructions of a plain one's 37,000.
 */
const [USUAL_PAUSE, SHORT_PAUSE] = [200, 150];
/** KiB that are held, from which the short pause is worth its price. */
const LARGE = 48 * 1024;

/** To be called before LuaJIT compiles anything: in init_by_lua. */
export function mendCompiler(): void {
  const { start } = jit.opt as Optimizer;
  start("tryside=50", "maxside=1000", "maxirconst=2000", "loopunroll=60");
  if (jit.arch === "x64" || jit.arch === "x86") start("-fuse");
}

/** To be called before the snapshot is loaded, which leaves as much garbage as it loads. */
export function expectGarbage(): void {
  collectgarbage("setpause", SHORT_PAUSE);
}

/** To be called when it is loaded, and now and then. */
export function tuneCollector(): void {
  collectgarbage("setpause", collectgarbage("count") > LARGE ? SHORT_PAUSE : USUAL_PAUSE);
}
