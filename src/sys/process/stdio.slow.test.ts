// Standard streams of a process of its own: readers that are slow, gone, or a full disk.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot } from "../testing.ts";

const megabytes = 3 << 20;

/** Runs a script in a shell, `$PROGRAM` being a program that runs `code` with this module imported. */
function shell(script: string, code: string): { exitCode: number; stdout: string; stderr: string } {
  using folder = tempRoot();
  folder.write(
    "/program.ts",
    `import { isTerminal, readStandardInput, writeAll } from ${JSON.stringify(`${import.meta.dir}/stdio.ts`)};\n${code}`,
  );
  const PROGRAM = `${process.execPath} ${folder.path}/program.ts`;
  const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", "-o", "pipefail", "-c", script], {
    env: { PATH: process.env.PATH ?? "", PROGRAM },
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

describe("writeAll()", () => {
  test("hands a slow reader everything", () => {
    const { stdout, exitCode } = shell("$PROGRAM | (sleep 0.3; wc -c)", `writeAll(1, "x".repeat(${megabytes}));`);
    expect([exitCode, stdout.trim()]).toEqual([0, String(megabytes)]);
  });

  test("hands everything to a pipe that somebody made non-blocking", () => {
    const nonBlocking = `perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_NONBLOCK|fcntl(STDOUT, F_GETFL, 0)); exec @ARGV or die' $PROGRAM`;
    const { stdout, exitCode } = shell(`${nonBlocking} | (sleep 0.3; wc -c)`, `writeAll(1, "x".repeat(${megabytes}));`);
    expect([exitCode, stdout.trim()]).toEqual([0, String(megabytes)]);
  });

  test("ends well when the reader has gone away", () => {
    const { stdout, stderr, exitCode } = shell(
      "$PROGRAM | head -n 1",
      `writeAll(1, "line\\n".repeat(${megabytes})); writeAll(2, "went on");`,
    );
    expect([exitCode, stdout, stderr]).toEqual([0, "line\n", "went on"]);
  });

  test("says that standard output is full, and keeps quiet when standard error is", () => {
    const full = shell(
      "$PROGRAM > /dev/full",
      `try { writeAll(1, "x"); } catch (error) { writeAll(2, error.code + " " + error.message); }`,
    );
    expect(full.stderr).toBe("HC_FILE_WRITE Cannot write standard output: no space left on the device");
    expect(shell("$PROGRAM 2> /dev/full", `writeAll(2, "x"); writeAll(1, "went on");`).stdout).toBe("went on");
  });
});

describe("readStandardInput()", () => {
  const count = "writeAll(1, String(readStandardInput(100_000).length));";
  test.each([
    ["all of a pipe", "head -c 70000 /dev/zero | $PROGRAM", "70000"],
    ["as much as is allowed", "head -c 3000000 /dev/zero | $PROGRAM; true", "100000"],
    ["a pipe that is filled slowly", "(printf a; sleep 0.1; printf b) | $PROGRAM", "2"],
    ["nothing", "$PROGRAM < /dev/null", "0"],
    ["nothing where it is closed", "$PROGRAM <&-", "0"],
  ])("reads %s", (_name, script, expected) => {
    expect(shell(script, count).stdout).toBe(expected);
  });
});

describe("isTerminal()", () => {
  const ask = `writeAll(2, String(isTerminal(1)));`;
  test("is false for a pipe, a file and /dev/null", () => {
    using folder = tempRoot();
    for (const target of ["| cat", "> /dev/null", `> ${folder.path}/file`])
      expect(shell(`$PROGRAM ${target}`, ask).stderr).toBe("false");
  });

  test("is true for a terminal", () => {
    using folder = tempRoot();
    const { exitCode } = shell(`script -qec "$PROGRAM 2> ${folder.path}/answer" /dev/null`, ask);
    expect([exitCode, fs.readFileSync(`${folder.path}/answer`, "utf8")]).toEqual([0, "true"]);
  });
});
