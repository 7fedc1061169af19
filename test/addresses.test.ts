import assert from "node:assert/strict";
import { test } from "node:test";
import { isProtectedAddress } from "../src/support/addresses.ts";

test("this machine, its link and the API server are protected; the network is not", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  for (const address of ["127.0.0.1", "127.9.9.9", "169.254.169.254", "0.0.0.0", "::1", "::", "fe80::1", "::ffff:127.0.0.1", "10.96.0.1"]) {
    assert.equal(isProtectedAddress(address, env), true, address);
  }
  for (const address of ["10.96.0.2", "192.168.1.1", "8.8.8.8", "2001:db8::1"]) assert.equal(isProtectedAddress(address, env), false, address);
});
