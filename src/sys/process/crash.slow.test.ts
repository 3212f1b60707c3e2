// Faults nobody caught end the process with one exit code and say what they were.

import { expect, test } from "bun:test";

test.each([
  ["an exception", `throw new Error("boom");`, "error: uncaught exception: Error: boom"],
  [
    "an exception in a callback",
    `setTimeout(() => { throw new Error("boom"); }, 1); setInterval(() => {}, 1000);`,
    "error: uncaught exception: Error: boom",
  ],
  [
    "a rejection nobody waits for",
    `void Promise.reject(new Error("boom")); setInterval(() => {}, 1000);`,
    "error: unhandled rejection: Error: boom",
  ],
  [
    "a rejection with something that is no error",
    `void Promise.reject("boom"); setInterval(() => {}, 1000);`,
    "error: unhandled rejection: boom",
  ],
])("installCrashHandler() ends the process on %s", (_name, code, expected) => {
  const script = `const { installCrashHandler } = await import(${JSON.stringify(`${import.meta.dir}/crash.ts`)}); installCrashHandler(); ${code}`;
  const { exitCode, stderr, stdout } = Bun.spawnSync([process.execPath, "-e", script], { timeout: 20_000 });
  expect(String(stderr)).toStartWith(expected);
  expect([exitCode, String(stdout)]).toEqual([70, ""]);
});
