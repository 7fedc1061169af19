/**
 * Verifies passwords in a worker without letting it stand still for long.
 *
 * A hash may take some tenths of a second (password-cost.ts bounds its time and memory), in which the worker serves
 * nobody. So a password that was right is remembered for a minute by its keyed digest, and hashing gets at most half of
 * the worker's time: verifications beyond that wait their turn, a few seconds at most.
 */
import * as ffi from "ffi";
import * as lrucache from "resty.lrucache";
import type { Hashing } from "../password.ts";
import { isCheap, verifyPassword } from "../password.ts";
import { isWorthHashing } from "../password-cost.ts";
import { secretBytes } from "./random.ts";

ffi.cdef("char *crypt(const char *password, const char *setting);");

const KNOWN_SECONDS = 60;
const KNOWN_AT_MOST = 10_000;
/** Seconds of hashing in each second. */
const SHARE = 0.5;
const STEP_SECONDS = 0.1;
const MOST_STEPS = 50;
/** Waits that may begin in one second. */
const MOST_WAITS = 200;
/** As libcrypt has it (CRYPT_MAX_PASSPHRASE_SIZE). */
const LONGEST_PASSWORD = 512;

const [known] = lrucache.new<boolean>(KNOWN_AT_MOST);
let key = "";
let second = 0;
let spent = 0;
let waits = 0;

/** The soname first: the bare name is there with development packages only. */
const library = load("libcrypt.so.1") ?? load("libcrypt.so.2") ?? load("crypt");

function load(this: void, name: string): ffi.Crypt | undefined {
  const [ok, found] = pcall(ffi.load, name);
  return ok ? (found as ffi.Crypt) : undefined;
}

const hashing: Hashing = {
  md5: ngx.md5_bin,
  sha1: ngx.sha1_bin,
  base64: ngx.encode_base64,
  unbase64: ngx.decode_base64,
  crypt: (password, setting) => {
    if (library === undefined) {
      ngx.log(ngx.ERR, "libcrypt cannot be loaded: no password can be verified");
      return undefined;
    }
    const hash = library.crypt(password, setting);
    return hash === undefined ? undefined : ffi.text(hash);
  },
};

/** To be called when the worker starts. */
export function startPasswords(): void {
  key = secretBytes(32);
}

/** Whether the password is the one that was stored as this hash; undefined: too many others are being verified, and there was no time for it. */
export function isPassword(password: string, stored: string): boolean | undefined {
  if (password.length > LONGEST_PASSWORD) return false;
  if (isCheap(stored)) return verifyPassword(password, stored, hashing);
  // The controller closes paths whose hashes cost too much. A hash beyond the bound that came here all the same matches no password.
  if (!isWorthHashing(stored, password.length)) return false;
  const name = ngx.hmac_sha1(key, stored + "\n" + password);
  for (let step = 0; known?.get(name) !== true; step++) {
    if (hasTime()) {
      if (!verify(password, stored)) return false;
      known?.set(name, true, KNOWN_SECONDS);
      return true;
    }
    if (step === 0) waits++;
    if (step >= MOST_STEPS || waits > MOST_WAITS) return undefined;
    ngx.sleep(STEP_SECONDS);
  }
  return true;
}

function hasTime(): boolean {
  const now = Math.floor(ngx.now());
  if (now !== second) {
    // Time that a hash took beyond its second is taken off the seconds that follow.
    spent = Math.max(0, spent - SHARE * Math.max(1, now - second));
    second = now;
    waits = 0;
  }
  return spent < SHARE;
}

/** Verifies without waiting for a turn, and notes the time that it took. */
export function verify(password: string, stored: string): boolean {
  const before = os.clock();
  const right = verifyPassword(password, stored, hashing);
  spent += os.clock() - before;
  return right;
}
