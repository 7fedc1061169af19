/**
 * Works around a fault of LuaJIT's compiler for Intel and AMD processors.
 *
 * A comparison of numbers may read one of them from memory by itself ("fused"). Where no register is free for the address,
 * those that hold the constants 0 and nil are taken, and the XOR that makes one zero again lands between the comparison and its
 * jump: the jump then always goes one way. Whether a trace has this depends on the order in which code got hot: a worker may
 * send a session to another endpoint than before, and the worker beside it not. The correction that LuaJIT has since 2023
 * (https://github.com/LuaJIT/LuaJIT/issues/416) covers one such constant; with two of them the version in Debian 13 still errs.
 * Numbers that are loaded before they are compared take no register between the two.
 */

/** The part of `jit.opt` that is used: https://luajit.org/ext_jit.html. */
interface Optimizer {
  start(this: void, ...settings: string[]): void;
}

/** To be called before LuaJIT compiles anything: in init_by_lua. */
export function mendCompiler(): void {
  if (jit.arch === "x64" || jit.arch === "x86") (jit.opt as Optimizer).start("-fuse");
}
