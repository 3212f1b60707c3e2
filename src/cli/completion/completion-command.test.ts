// Completion: what may stand next. The scripts in shells are in completion-command.slow.test.ts.

import { describe, expect, test } from "bun:test";
import type { CliContext } from "../context.ts";
import { createProgram } from "../tree/commands.ts";
import { complete } from "./complete.ts";

const program = createProgram({} as CliContext);

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
