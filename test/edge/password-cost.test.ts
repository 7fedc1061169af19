import assert from "node:assert/strict";
import { test } from "node:test";
import { hashCost, isAffordable, isWorthHashing, MOST_BYTES } from "../../edge/src/password-cost.ts";

const SALT = "saltsaltsalt";
const SHA512 = "R9d6q/w1fUwC3CV/kx6.1ZmI2AnXPdtT7UqH4rMxoxH7LmLZEPvLxwNqlbvCm6vGFyX3nPyD7z6hmRZR4r3Y..";

test("what the usual programs make is affordable", () => {
  for (const hash of [
    "$2y$05$abcdefghijklmnopqrstuu", "$2y$10$abcdefghijklmnopqrstuu", "$2b$12$abcdefghijklmnopqrstuu", "$apr1$salt$abcdefghijklmnopqrstuv",
    `$6$${SALT}$${SHA512}`, `$5$${SALT}$x`, `$6$rounds=5000$${SALT}$x`, `$6$rounds=656000$${SALT}$x`, `$5$rounds=535000$${SALT}$x`,
    `$y$j9T$${SALT}$x`, `$y$jBT$${SALT}$x`, `$gy$j9T$${SALT}$x`, `$7$CU..../....${SALT}$x`, `$1$saltsalt$x`, `$sha1$262144$salt$x`, "$md5$salt$$x",
    `$md5,rounds=32768$salt$$x`, "ab01FAX.bQRSU", "_J9..saltY8ajnYzcmf.", "$3$$6db395c36acb308a7ff281a25f", "{SHA}x", "$9$unknown",
  ]) assert.ok(isAffordable(hash), hash);
});

test("what takes long, or much memory, or cannot be read, is not, in every form that can say so", () => {
  for (const hash of [
    "$2y$13$abcdefghijklmnopqrstuu", "$2a$14$abcdefghijklmnopqrstuu", "$2b$31$abcdefghijklmnopqrstuu", "$2x$1",
    `$6$rounds=40000000$${SALT}$x`, `$6$rounds=999999999$${SALT}$x`, `$5$rounds=999999999$${SALT}$x`, `$6$rounds=00999999999$${SALT}$x`,
    `$y$jFT$${SALT}$x`, `$gy$jFT$${SALT}$x`, `$y$jCT$${SALT}$x`, `$y$j9k$${SALT}$x`, `$y$j9T/.$${SALT}$x`, `$y$.9T$${SALT}$x`, `$y$jzT$${SALT}$x`, "$y$j9",
    `$7$DU..../....${SALT}$x`, `$7$CU....z....${SALT}$x`, `$7$.zzzzz/....${SALT}$x`, "$7$C", `$sha1$999999999$salt$x`, `$md5,rounds=4000000000$salt$$x`,
    "_zzzzsaltY8ajnYzcmf.",
  ]) {
    assert.ok(!isAffordable(hash), hash);
    assert.ok(!isWorthHashing(hash, 1), hash);
  }
  assert.ok((hashCost(`$y$jFT$${SALT}$x`, 0)?.bytes ?? 0) >= 16 * MOST_BYTES);
});

test("a password that makes an affordable hash too long is not tried", () => {
  const hash = `$6$rounds=656000$${SALT}$x`;
  assert.deepEqual([12, 72, 128, 512].map((bytes) => isWorthHashing(hash, bytes)), [true, true, true, false]);
  assert.ok(isWorthHashing(`$6$${SALT}$x`, 512));
  assert.ok(isWorthHashing("$2y$12$abcdefghijklmnopqrstuu", 512));
});
