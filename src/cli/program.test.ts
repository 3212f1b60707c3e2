// The frame of the command line: help, misspelt words, the tree as a whole.

import { describe, expect, test } from "bun:test";
import type { Command } from "commander";
import { createSystem } from "../sys/system.ts";
import type { CliContext } from "./context.ts";
import { examplesOf } from "./options.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";
import { createProgram } from "./tree/commands.ts";

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], calledAs?: string): Promise<Answer> {
  let stdout = "";
  let stderr = "";
  let exitCode = 0;
  const context: CliContext = {
    print: (text) => {
      stdout += text;
    },
    warn: (text) => {
      stderr += text;
    },
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: (root) => createSystem({ root }),
    exit: (code) => {
      exitCode = code;
    },
  };
  const code = await parseCommandLine(context, args, calledAs);
  return { exitCode: code ?? exitCode, stdout, stderr };
}

function commandsUnder(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...commandsUnder(child)]);
}

describe("parseCommandLine() prints help", () => {
  test.each<[string, string[]]>([
    ["when it is asked nothing", []],
    ["for --help", ["--help"]],
    ["for -h", ["-h"]],
    ["for help", ["help"]],
  ])("%s", async (_name, args) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toStartWith("Usage: headcni <command> [options]\n");
  });

  test.each<[string, string[]]>([
    ["after the command", ["config", "explain", "--help"]],
    ["before the command", ["help", "config", "explain"]],
  ])("of a command, asked for %s", async (_name, args) => {
    const { exitCode, stdout } = await run(args);
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("Usage: headcni config explain [options]\n");
    expect(stdout).toContain("Examples:\n  headcni config explain\n");
  });

  test("of a command that does something by itself and has others below it", async () => {
    expect((await run(["podcidr", "--help"])).stdout).toStartWith("Usage: headcni podcidr [options] [command]\n");
    expect((await run(["conflist", "--help"])).stdout).toStartWith("Usage: headcni conflist <command> [options]\n");
  });

  test("under the name it was called by", async () => {
    expect((await run(["--help"], "headcni-daemon")).stdout).toStartWith("Usage: headcni-daemon [options]\n");
    expect((await run(["--help"], "headcni-daemon-linux-amd64")).stdout).toStartWith(
      "Usage: headcni-daemon [options]\n",
    );
    expect((await run(["daemon", "--help"])).stdout).toStartWith("Usage: headcni daemon [options]\n");
  });

  test("to standard error, as an error, for a group without a command", async () => {
    const { exitCode, stdout, stderr } = await run(["config"]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith("Usage: headcni config <command> [options]\n");
  });
});

test("parseCommandLine() prints version, commit and runtime under either name", async () => {
  const expected = /^headcni \S+ \(commit \S+, bun \d+\.\d+\.\d+, linux\/\w+\)\n$/;
  expect((await run(["--version"])).stdout).toMatch(expected);
  expect((await run(["-V"], "headcni-daemon")).stdout).toMatch(expected);
});

test("headcni version says the same as --version, and each part as JSON", async () => {
  const { stdout } = await run(["--version"]);
  expect(await run(["version"])).toEqual({ exitCode: 0, stdout, stderr: "" });
  const json = JSON.parse((await run(["version", "-o", "json"])).stdout);
  expect(Object.keys(json)).toEqual(["version", "commit", "runtime", "platform"]);
  expect(stdout).toBe(`headcni ${json.version} (commit ${json.commit}, ${json.runtime}, ${json.platform})\n`);
});

describe("parseCommandLine() refuses with 2", () => {
  test.each<[string, string[], string]>([
    ["an unknown command", ["conifg"], "error: unknown command 'conifg'\n(Did you mean config?)\n"],
    ["an unknown command below", ["config", "explian"], "error: unknown command 'explian'\n(Did you mean explain?)\n"],
    ["an unknown command though help is asked for", ["nosuch", "--help"], "error: unknown command 'nosuch'\n"],
    ["help for an unknown command", ["help", "config", "nosuch"], "error: unknown command 'nosuch'\n"],
    [
      "an unknown flag",
      ["config", "explain", "--ouptut", "json"],
      "error: unknown option '--ouptut'\n(Did you mean --output?)\n",
    ],
    [
      "a choice that is none",
      ["config", "explain", "-o", "yaml"],
      "error: option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are table, json.\n",
    ],
    [
      "a flag without its value",
      ["config", "explain", "--config"],
      "error: option '--config <file>' argument missing\n",
    ],
    ["an argument too many", ["config", "schema", "x"], "error: too many arguments for 'schema'."],
  ])("%s", async (_name, args, expected) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith(expected);
    expect(stderr).toEndWith("hint: run with --help for commands and flags\n");
  });
});

describe("createProgram()", () => {
  const all = commandsUnder(createProgram({} as CliContext));
  const leaves = all.filter((command) => command.commands.length === 0);

  test("describes every command and flag", () => {
    expect(leaves.length).toBeGreaterThan(5);
    for (const command of all) {
      expect(command.description(), command.name()).not.toBe("");
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.flags}`).not.toBe("");
    }
  });

  test("shows an example for every command that does something", () => {
    expect(leaves.filter((command) => examplesOf(command).length === 0).map((command) => command.name())).toEqual([]);
  });

  test("gives every command that answers a form for programs", () => {
    // A script, a JSON Schema, and processes that stay.
    const others = ["completion", "schema", "daemon", "controller", "serve", "pause"];
    for (const command of all.filter((one) => examplesOf(one).length > 0 && !others.includes(one.name()))) {
      const output = command.options.find(({ long }) => long === "--output");
      expect(output?.argChoices, command.name()).toContain("json");
    }
  });

  test("has no command that turns an error into success: each is told to throw", () => {
    // commander ends the process itself in a command that was added without its parent's settings.
    for (const command of all) expect(Reflect.get(command, "_exitCallback"), command.name()).toBeFunction();
  });
});
