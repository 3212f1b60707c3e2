import { expect, test } from "bun:test";
import { patient } from "../../doctor/testing.ts";
import type { CliContext } from "../context.ts";
import { parseCommandLine } from "../program.ts";
import { plainTerminal } from "../terminal/testing.ts";

test("doctor gives its report also where the archive cannot be written", async () => {
  await using scene = await patient();
  const answer = { exitCode: 0, stdout: "", stderr: "" };
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: (text) => {
      answer.stderr += text;
    },
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: () => scene.machine(),
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  const file = `${scene.node.root.path}/none/bundle.tar.gz`;
  const exitCode = await parseCommandLine(context, ["doctor", "-o", "json", "--bundle", file]);
  expect([exitCode, answer.stderr]).toEqual([4, expect.stringContaining(file)]);
  expect(JSON.parse(answer.stdout).checks.length).toBeGreaterThan(30);
}, 60_000);
