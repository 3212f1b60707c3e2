// Real programs: how they end, what they print, what holds them up, and that nothing of them is left.

import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { tempRoot, waitUntil } from "../testing.ts";
import { childEnv, execUntil, realExec } from "./exec.ts";

const root = tempRoot();
afterAll(() => root[Symbol.dispose]());
const folder = `${root.path}/bin`;
root.write("/bin/garbage", "\x7fELF and no more", 0o755);
root.write("/bin/no-interpreter", "echo hi\n", 0o755);
root.write("/bin/lost-interpreter", "#!/no/such/shell\n", 0o755);
root.write("/bin/not-executable", "#!/bin/sh\n", 0o644);
root.write("/bin/only-here", "#!/bin/sh\necho found\n", 0o755);

const sh = (script: string) => ["sh", "-c", script];

/** Where the open descriptors of this process lead. */
function links(): string[] {
  return fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });
}

describe("realExec.run()", () => {
  test.each([
    [
      "an exit code",
      sh("echo out; echo err >&2; exit 3"),
      { exitCode: 3, signal: null, stdout: "out\n", stderr: "err\n" },
    ],
    ["a signal", sh("kill -TERM $$"), { exitCode: null, signal: "SIGTERM", stdout: "", stderr: "" }],
    [
      "a kill by somebody else",
      sh("kill -KILL $$"),
      { exitCode: null, signal: "SIGKILL", timedOut: false, outputTooLong: false },
    ],
    ["output that is not UTF-8", ["printf", "\\303\\251\\377"], { exitCode: 0, stdout: "é\uFFFD" }],
    ["no standard input: it is empty", ["cat"], { exitCode: 0, stdout: "" }],
  ])("reports %s", async (_name, argv, expected) => {
    expect(await realExec.run(argv)).toMatchObject(expected);
  });

  test("hands over standard input whole, text or bytes", async () => {
    expect((await realExec.run(["cat"], { stdin: "é" })).stdout).toBe("é");
    expect((await realExec.run(["cat"], { stdin: "" })).stdout).toBe("");
    expect((await realExec.run(["wc", "-c"], { stdin: new Uint8Array(20 << 20) })).stdout).toBe(`${20 << 20}\n`);
  });

  test.each([
    ["ends at once", "true"],
    ["closes its input and goes on", "exec <&-; sleep 0.05; echo done"],
  ])("does not mind a program that %s with much input unread", async (_name, script) => {
    const stdin = new Uint8Array(8 << 20);
    expect(await realExec.run(sh(script), { stdin })).toMatchObject({ exitCode: 0 });
    expect(await realExec.run(sh(script), { stdin, killsLeftovers: true })).toMatchObject({ exitCode: 0 });
  });

  test("answers a question without a memory file left open", async () => {
    const ask = () => realExec.run(["cat"], { stdin: "question", killsLeftovers: true });
    expect((await ask()).stdout).toBe("question");
    const memoryFiles = () => links().filter((link) => link.startsWith("/memfd:")).length;
    const before = memoryFiles();
    for (let round = 0; round < 10; round++) await ask();
    expect(memoryFiles()).toBeLessThanOrEqual(before);
    const large = await realExec.run(["wc", "-c"], { stdin: new Uint8Array(8 << 20), killsLeftovers: true });
    expect(large.stdout).toBe(`${8 << 20}\n`);
  });

  test("gives the environment that is asked for and nothing else", async () => {
    expect((await realExec.run(["env"], { env: { A: "b" } })).stdout).toBe("A=b\n");
    const names = (await realExec.run(["env"])).stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names.toSorted()).toEqual(["LANG", "PATH"]);
    expect(childEnv({ CNI_COMMAND: "ADD" })).toMatchObject({ LANG: "C.UTF-8", CNI_COMMAND: "ADD" });
  });

  test("looks a bare name up on the PATH it gives", async () => {
    expect((await realExec.run(["only-here"], { env: { PATH: `${folder}:/bin` } })).stdout).toBe("found\n");
    await expect(realExec.run(["only-here"])).rejects.toThrow("Cannot start only-here: does not exist");
  });

  test.each([
    ["a missing program", "/no/such/program", "does not exist"],
    ["a missing interpreter", `${folder}/lost-interpreter`, "does not exist"],
    ["a file that is not executable", `${folder}/not-executable`, "permission denied"],
    ["a folder", folder, "permission denied"],
    ["a broken program", `${folder}/garbage`, "is not a program this machine can run"],
    ["a script that names no interpreter", `${folder}/no-interpreter`, "is not a program this machine can run"],
  ])("says why %s cannot be started", async (_name, program, why) => {
    const error = await realExec.run([program]).catch((thrown: unknown) => thrown);
    if (!(error instanceof HeadcniError)) throw new Error(`Expected a HeadcniError, got ${error}`);
    expect([error.code, error.message]).toEqual(["HC_EXEC_FAILED", `Cannot start ${program}: ${why}`]);
  });

  test("kills a program, and what it started, when its time is up", async () => {
    const result = await realExec.run(sh("sleep 47.11 & echo $!; echo $$; wait"), { timeoutMs: 100 });
    expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: true, outputTooLong: false });
    const pids = result.stdout.trim().split("\n");
    expect(pids).toHaveLength(2);
    await waitUntil("both processes are gone", () => pids.every((pid) => !isAlive(pid)));
  });

  test.each([
    ["standard output", "yes"],
    ["standard error", "yes >&2"],
  ])("kills a program that prints too much on %s", async (_name, script) => {
    const result = await realExec.run(sh(script), { maxOutputBytes: 10_000 });
    expect(result).toMatchObject({ signal: "SIGKILL", timedOut: false, outputTooLong: true });
    expect(result.stdout.length + result.stderr.length).toBe(10_000);
  });

  test("takes exactly as much output as is allowed", async () => {
    const result = await realExec.run(["head", "-c", "10000", "/dev/zero"], { maxOutputBytes: 10_000 });
    expect(result).toMatchObject({ exitCode: 0, outputTooLong: false });
    expect(result.stdout.length).toBe(10_000);
  });

  test("kills a program when it is called off, and starts none that was called off before", async () => {
    const calledOff = new AbortController();
    const running = realExec.run(sh("echo up; sleep 47.12"), { signal: calledOff.signal });
    calledOff.abort();
    expect(await running).toMatchObject({ signal: "SIGKILL", timedOut: false });
    await expect(realExec.run(["true"], { signal: calledOff.signal })).rejects.toThrow("Cannot start true");
  });

  test("does not wait for a grandchild that keeps the pipes open", async () => {
    const result = await realExec.run(sh("echo early; sleep 47.13 & echo $! >&2"));
    expect(result).toMatchObject({ exitCode: 0, stdout: "early\n" });
    // It lives on: to kill one that has ended throws.
    process.kill(Number(result.stderr), "SIGKILL");
  });

  test.each([
    [true, "also when it kept the pipes open", "echo $!"],
    [true, "also when it is silent", "echo $!; exec >&- 2>&-"],
    [false, "unless that is asked for", "echo $!"],
  ])("with killsLeftovers %p what a program left running is killed or not, %s", async (killsLeftovers, _case, rest) => {
    const { exitCode, stdout } = await realExec.run(sh(`sleep 47.14 >/dev/null & ${rest}; exit 3`), { killsLeftovers });
    expect(exitCode).toBe(3);
    const pid = stdout.trim();
    if (killsLeftovers) await waitUntil("it is gone", () => !isAlive(pid));
    else {
      expect(isAlive(pid)).toBe(true);
      process.kill(Number(pid), "SIGKILL");
    }
  });

  test("leaves no descriptor open", async () => {
    const open = () => fs.readdirSync("/proc/self/fd").length;
    await realExec.run(["true"], { stdin: "x" });
    Bun.gc(true);
    const before = open();
    for (let round = 0; round < 20; round++) await realExec.run(["true"], { stdin: "x" });
    await waitUntil("descriptors are closed", () => {
      // Those of tests before, in the same process, close when they are collected.
      Bun.gc(true);
      return open() <= before;
    });
  });
});

test("execUntil() kills what runs when its signal aborts, and starts nothing after that", async () => {
  const end = new AbortController();
  const exec = execUntil(realExec, end.signal);
  expect(await exec.run(["true"])).toMatchObject({ exitCode: 0 });
  const running = exec.run(sh("sleep 47.15 & wait"));
  end.abort();
  expect(await running).toMatchObject({ signal: "SIGKILL" });
  await expect(exec.run(["true"])).rejects.toThrow("Cannot start true");
});

/** Whether a process runs; one that is dead and waits for its parent does not. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
