// Completion: what may stand next, and the scripts in the shells that are here.

import { describe, expect, test } from "bun:test";
import type { CliContext } from "../context.ts";
import { createProgram } from "../tree/commands.ts";
import { complete } from "./complete.ts";

const program = createProgram({} as CliContext);
const main = new URL("../../main.ts", import.meta.url).pathname;

describe("complete()", () => {
  test.each<[string, string[], string[]]>([
    ["a command", ["headcni", "con"], ["config", "conflist", "connectivity", "controller"]],
    ["a command below", ["headcni", "conflist", "back"], ["backup", "backups"]],
    ["a command after help", ["headcni", "help", "ipam", ""], ["list", "gc"]],
    ["a flag", ["headcni", "conflist", "install", "--d"], ["--dry-run"]],
    ["a flag that every command has", ["headcni", "--he"], ["--help"]],
    ["a flag's choice", ["headcni", "status", "-o", ""], ["table", "json"]],
    ["a flag's choice after =, as bash cuts it", ["headcni", "status", "--output", "=", "j"], ["json"]],
    ["a flag's choice right after =", ["headcni", "status", "--output", "="], ["table", "json"]],
    [
      "a word after a flag's value that is a command's name",
      ["headcni", "podcidr", "--node-name", "inspect", "insp"],
      ["inspect"],
    ],
    ["an argument's choice", ["headcni", "completion", ""], ["bash", "zsh", "fish"]],
    ["the daemon's flags under its own name", ["/usr/bin/headcni-daemon", "--on"], ["--once"]],
    ["no path", ["headcni", "status", "--root", ""], []],
    ["nothing after --", ["headcni", "--", ""], []],
    ["nothing of an unknown command", ["headcni", "nosuch", "x"], []],
  ])("%s", (_name, words, expected) => {
    expect(complete(program, words).map(({ word }) => word)).toEqual(expected);
  });

  test("has a word about every command and flag", () => {
    for (const words of [
      ["headcni", ""],
      ["headcni", "status", "-"],
    ]) {
      for (const { word, about } of complete(program, words)) expect(about, word).not.toBe("");
    }
  });
});

describe("the script of", () => {
  /** What a shell says to it; `headcni` is this source. */
  function inShell(shell: string, script: string): string {
    const headcni = `headcni() { ${process.execPath} ${main} "$@"; }; headcni-daemon() { headcni "$@"; }`;
    const { stdout, stderr } = Bun.spawnSync([shell, "-c", `${headcni}\n${script}`]);
    expect(stderr.toString()).toBe("");
    return stdout.toString();
  }

  test("bash completes in bash", () => {
    const ask = (...words: string[]): string =>
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _headcni; echo "\${COMPREPLY[*]}"`;
    const said = inShell(
      "bash",
      [
        'eval "$(headcni completion bash)"',
        "complete -p headcni headcni-daemon",
        ask("headcni", "con"),
        ask("headcni", "status", "--output", "=", ""),
        ask("headcni-daemon", "--log-level", ""),
        ask("headcni", "status", "--root", ""),
      ].join("\n"),
    );
    expect(said.split("\n")).toEqual([
      "complete -o default -F _headcni headcni",
      "complete -o default -F _headcni headcni-daemon",
      "config conflist connectivity controller",
      "table json",
      "debug info warn error",
      "",
      "",
    ]);
  });

  // Syntax alone: they complete only at a terminal.
  const others = ["zsh", "fish"].filter((shell) => Bun.which(shell) !== null);
  test(`${["bash", ...others].join(", ")} is one that the shell takes`, () => {
    for (const shell of ["bash", ...others]) {
      const script = Bun.spawnSync([process.execPath, main, "completion", shell]).stdout;
      const { exitCode, stderr } = Bun.spawnSync([shell, "-n"], { stdin: script });
      expect([shell, exitCode, stderr.toString()]).toEqual([shell, 0, ""]);
    }
  });
});
