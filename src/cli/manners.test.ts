// What holds of every command of the table: the same flag means the same, errors are JSON where JSON was asked for, help has
// examples and fits, and a command that answers says when it takes long.

import { describe, expect, test } from "bun:test";
import type { Command } from "commander";
import { HeadcniError } from "../sys/errors.ts";
import { complete } from "./completion/complete.ts";
import type { CliContext } from "./context.ts";
import { examplesOf } from "./options.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";
import { createProgram } from "./tree/commands.ts";

const program = createProgram({} as CliContext);
const all = under(program, []);
const doing = all.filter(({ command }) => examplesOf(command).length > 0);
const answering = doing.filter(({ command }) => hasFlag(command, "--output"));

interface Named {
  /** `conflist install` */
  readonly path: readonly string[];
  readonly command: Command;
}

function under(command: Command, path: readonly string[]): Named[] {
  return command.commands.flatMap((child) => {
    const below = [...path, child.name()];
    return [{ path: below, command: child }, ...under(child, below)];
  });
}

function hasFlag(command: Command, flag: string): boolean {
  return command.options.some(({ long }) => long === flag);
}

/** What a command says and prints on a machine that gives nothing. */
async function run(args: readonly string[]) {
  let stdout = "";
  let stderr = "";
  const busy: string[] = [];
  const context: CliContext = {
    print: (text) => {
      stdout += text;
    },
    warn: (text) => {
      stderr += text;
    },
    isTerminal: false,
    confirm: () => undefined,
    terminal: {
      ...plainTerminal,
      busy: (line) => {
        busy.push(line);
        return plainTerminal.busy(line);
      },
    },
    system: () => {
      throw new HeadcniError("HC_FILE_READ", "There is no machine", { hint: "get one" });
    },
    exit: () => undefined,
  };
  const exitCode = await parseCommandLine(context, args);
  return { exitCode, stdout, stderr, busy };
}

/** A value for each argument it needs. */
function needed({ registeredArguments }: Command): readonly string[] {
  return registeredArguments.filter(({ required }) => required).map((one) => (one.name() === "file" ? "-" : "node-1"));
}

test("the table has its commands", () => {
  expect(doing.length).toBeGreaterThan(25);
  expect(answering.length).toBeGreaterThan(20);
});

describe("the same flag everywhere:", () => {
  const uses = Map.groupBy(
    all.flatMap(({ path, command }) => command.options.map((option) => ({ path: path.join(" "), option }))),
    ({ option }) => option.long ?? "",
  );
  /** What is waited for is another thing in each. */
  const ownWords = ["--wait"];

  test.each([...uses])("%s is written alike and means the same", (flag, found) => {
    expect(new Set(found.map(({ option }) => option.flags)).size).toBe(1);
    if (!ownWords.includes(flag)) expect(new Set(found.map(({ option }) => option.description)).size).toBe(1);
  });

  test("no letter stands for two flags", () => {
    const letters = all.flatMap(({ command }) =>
      command.options.flatMap(({ short, long }) => (short ? [[short, long]] : [])),
    );
    expect(new Set(letters.map(String)).size).toBe(new Set(letters.map(([short]) => short)).size);
  });

  test("a command that reads this node can be told its root", () => {
    // Files that are named, pages, processes in a pod, and what looks at nothing.
    const others = [
      "config schema",
      "podcidr inspect",
      "chart await-uninstall",
      "chart pause",
      "version",
      "completion",
    ];
    const without = doing.filter(({ command }) => !hasFlag(command, "--root")).map(({ path }) => path.join(" "));
    expect(without).toEqual(others);
  });

  test("-o takes what is read by a person first, and json", () => {
    for (const { path, command } of answering) {
      const choices = command.options.find(({ long }) => long === "--output")?.argChoices ?? [];
      expect(["table", "text"], path.join(" ")).toContain(choices[0] ?? "");
      expect(choices, path.join(" ")).toContain("json");
    }
  });
});

describe.each(answering.map(({ path, command }) => [path.join(" "), path, command] as const))(
  "%s",
  (name, path, command) => {
    test("answers in JSON, or ends with an error that is", async () => {
      const { exitCode, stdout, stderr } = await run([...path, ...needed(command), "-o", "json"]);
      if (stderr === "") {
        expect(() => JSON.parse(stdout)).not.toThrow();
        return;
      }
      expect([stdout, exitCode]).toEqual(["", expect.any(Number)]);
      expect(JSON.parse(stderr)).toEqual({
        error: { code: "HC_FILE_READ", message: "There is no machine", hint: "get one" },
      });
    });

    test("says in JSON that a flag is wrong", async () => {
      const { exitCode, stdout, stderr } = await run([...path, "-o", "json", "--no-such-flag"]);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(JSON.parse(stderr).error.code).toBe("HC_USAGE");
    });

    test("says that it is busy, should it take long", async () => {
      expect((await run([...path, ...needed(command)])).busy).toEqual([`headcni ${name}`]);
    });
  },
);

describe.each(all.map(({ path, command }) => [path.join(" "), path, command] as const))("%s", (name, path, command) => {
  test("has help that fits, with examples of itself", async () => {
    const { exitCode, stdout, stderr } = await run([...path, "--help"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toStartWith(`Usage: headcni ${name} `);
    const examples = examplesOf(command);
    expect(examples.every((line) => line.includes(`headcni ${name}`) || line.startsWith("headcni-daemon"))).toBe(true);
    const prose = stdout.split("\n").filter((line) => !examples.includes(line.trim()));
    expect(Math.max(...prose.map((line) => [...line].length))).toBeLessThanOrEqual(100);
  });

  test("is completed, and so are its flags", () => {
    const words = (typed: readonly string[]): string[] => complete(program, typed).map(({ word }) => word);
    expect(words(["headcni", ...path])).toContain(path.at(-1) ?? "");
    const flags = command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? []);
    if (flags.length > 0) expect(words(["headcni", ...path, "--"])).toEqual(expect.arrayContaining(flags));
  });
});
