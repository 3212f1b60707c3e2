// Errors as JSON: what a program reads from the last line of standard error.

import { describe, expect, test } from "bun:test";
import { ConfigError, HeadcniError } from "../sys/errors.ts";
import { createSystem } from "../sys/system.ts";
import { tempRoot } from "../sys/testing.ts";
import type { CliContext } from "./context.ts";
import { jsonErrorLine, wantsJson } from "./json-error.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";

/** Runs a command line that fails; gives its exit code and all of standard error. */
async function fail(args: readonly string[], root?: string): Promise<{ exitCode: number; stderr: string }> {
  let stderr = "";
  const context: CliContext = {
    print: (text) => expect(text).toBe(""),
    warn: (text) => {
      stderr += text;
    },
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: () => ({ ...createSystem({ root }), env: {} }),
    exit: () => undefined,
  };
  return { exitCode: (await parseCommandLine(context, args)) ?? 0, stderr };
}

describe("a wrong command line with -o json", () => {
  const hint = "run with --help for commands and flags";
  test.each<[string, string[], string]>([
    ["an unknown command before it", ["conifg", "-o", "json"], "unknown command 'conifg' (Did you mean config?)"],
    ["an unknown command after it", ["-o", "json", "nosuch"], "unknown option '-o'"],
    ["an unknown flag", ["config", "explain", "-ojson", "--x"], "unknown option '--x'"],
    [
      "an argument too many",
      ["status", "x", "--output=json"],
      "too many arguments for 'status'. Expected 0 arguments but got 1: x.",
    ],
    ["a group without a command", ["config", "--output", "json"], "unknown option '--output'"],
    ["a missing argument", ["podcidr", "inspect", "-o", "json"], "missing required argument 'file'"],
    ["a root that is none", ["podcidr", "-o", "json", "--root"], "option '--root <folder>' argument missing"],
  ])("is one object: %s", async (_name, args, message) => {
    const { exitCode, stderr } = await fail(args);
    expect(exitCode).toBe(2);
    expect(stderr).toEndWith("}\n");
    expect(JSON.parse(stderr)).toEqual({ error: { code: "HC_USAGE", message, hint } });
  });
});

test("a configuration that is wrong is one object with each issue", async () => {
  using node = tempRoot();
  node.write("/etc/headcni/config.yaml", "network:\n  mtu: 3\n  mtv: 1\n");
  for (const command of [["podcidr"], ["config", "explain"], ["status"], ["conflist", "install"]]) {
    const { exitCode, stderr } = await fail([...command, "-o", "json"], node.path);
    expect(exitCode).toBe(3);
    const { error } = JSON.parse(stderr);
    expect(error.code).toBe("HC_CONFIG_INVALID");
    expect(error.issues).toContainEqual({
      path: "network.mtu",
      message: expect.stringContaining("less than 576"),
      file: "/etc/headcni/config.yaml",
      line: 2,
    });
    expect(error.issues).toHaveLength(2);
  }
});

describe("jsonErrorLine()", () => {
  test("leaves out what there is none of, and stays on one line", () => {
    expect(jsonErrorLine(new HeadcniError("HC_FILE_READ", "a\nb"))).toBe(
      '{"error":{"code":"HC_FILE_READ","message":"a\\nb"}}\n',
    );
    expect(jsonErrorLine(new ConfigError("HC_CONFIG_FILE", "x", [], { hint: "y" }))).toBe(
      '{"error":{"code":"HC_CONFIG_FILE","message":"x","hint":"y"}}\n',
    );
  });

  test("says of a fault of ours that it is one", () => {
    const { error } = JSON.parse(jsonErrorLine(new TypeError("boom")));
    expect(error).toMatchObject({ code: "HC_INTERNAL", message: expect.stringMatching(/^TypeError: boom\n +at /) });
    expect(JSON.parse(jsonErrorLine("x")).error.message).toBe("x");
  });
});

test.each<[string[], boolean]>([
  [["a", "-o", "json"], true],
  [["-ojson", "a"], true],
  [["--output", "json"], true],
  [["--output=json"], true],
  [["a", "-o", "table"], false],
  [["a", "json"], false],
  [["-o"], false],
  [["a", "--", "-o", "json"], false],
])("wantsJson(%p) is %p", (args, expected) => {
  expect(wantsJson(args)).toBe(expected);
});
