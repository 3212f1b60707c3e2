// The scripts of completion in the shells that are here; each question starts the program from source.

import { describe, expect, test } from "bun:test";

const main = new URL("../../main.ts", import.meta.url).pathname;

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
