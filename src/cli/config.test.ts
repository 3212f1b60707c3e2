// `headcni config` on folders that play a node.

import { describe, expect, test } from "bun:test";
import { createSystem } from "../sys/system.ts";
import { type TempRoot, tempRoot } from "../sys/testing.ts";
import type { CliContext } from "./context.ts";
import { parseCommandLine } from "./program.ts";

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `headcni config …` on a node without an environment. */
async function config(node: TempRoot, ...args: readonly string[]): Promise<Answer> {
  const answer = { exitCode: 0, stdout: "", stderr: "" };
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: (text) => {
      answer.stderr += text;
    },
    isTerminal: false,
    system: () => ({ ...createSystem({ root: node.path }), env: {} }),
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  const code = await parseCommandLine(context, ["config", ...args]);
  return { ...answer, exitCode: code ?? answer.exitCode };
}

const file = "/etc/headcni/config.yaml";

describe("headcni config explain", () => {
  test("is a table of key, value and origin", async () => {
    using node = tempRoot();
    node.write(file, "network:\n  mtu: 1400\n  podCIDR: {nodeLocal: {a: 10.1.0.0/24}}\n");
    const { exitCode, stdout, stderr } = await config(node, "explain", "--node-name", "a");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(["KEY", "VALUE", "FROM"]);
    expect(rows).toContainEqual(["nodeName", "a", "flag --node-name"]);
    expect(rows).toContainEqual(["network.podCIDR.nodeLocal", '{"a":"10.1.0.0/24"}', `${file}:3`]);
    expect(rows).toContainEqual(["network.podCIDR.base", "-", "default"]);
    expect(rows).toContainEqual(["network.mtu", "1400", `${file}:2`]);
  });

  test("says on standard error what should be known", async () => {
    using node = tempRoot();
    node.write(file, 'monitoring: {listen: "[::]:1"}\n');
    const { exitCode, stderr } = await config(node, "explain");
    expect(exitCode).toBe(0);
    expect(stderr).toStartWith(
      `warning: ${file}:1: monitoring.listen: the status server listens on [::]:1, not on loopback`,
    );
  });
});

describe("headcni config validate", () => {
  test("says that a file is valid, or that there is none", async () => {
    using node = tempRoot();
    expect(await config(node, "validate")).toEqual({
      exitCode: 0,
      stdout: "There is no configuration file: every key has its default\n",
      stderr: "",
    });
    node.write(file, "nodeName: a\n");
    expect(await config(node, "validate")).toEqual({ exitCode: 0, stdout: `${file} is valid\n`, stderr: "" });
    node.write("/other.yaml", "nodeName: b\n");
    expect((await config(node, "validate", "/other.yaml")).stdout).toBe("/other.yaml is valid\n");
  });

  test("finds what the daemon of some other node would refuse", async () => {
    using node = tempRoot();
    node.write(
      file,
      "network:\n  podCIDR:\n    nodeLocal:\n      a: 10.1.0.0/24\n      b: 100.64.1.0/24\n      c: 10.2.0.0/31\n",
    );
    const { exitCode, stderr } = await config(node, "validate");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("network.podCIDR.nodeLocal.b: 100.64.1.0/24 lies in 100.64.0.0/10");
    expect(stderr).toContain("network.podCIDR.nodeLocal.c: 10.2.0.0/31 is a /31, which leaves no address for a pod");
  });

  test("answers in JSON, also when something is wrong", async () => {
    using node = tempRoot();
    node.write(file, "network: {mtu: 9}\n");
    const wrong = await config(node, "validate", "-o", "json");
    expect([wrong.exitCode, wrong.stderr]).toEqual([3, ""]);
    expect(JSON.parse(wrong.stdout)).toEqual({
      file: null,
      valid: false,
      issues: [expect.objectContaining({ path: "network.mtu", file, line: 1 })],
      warnings: [],
    });
    const missing = await config(node, "validate", "/missing.yaml", "-o", "json");
    expect([missing.exitCode, JSON.parse(missing.stdout)]).toEqual([
      3,
      expect.objectContaining({ file: "/missing.yaml", valid: false }),
    ]);
    node.write(file, "");
    expect(JSON.parse((await config(node, "validate", "-o", "json")).stdout)).toEqual({
      file,
      valid: true,
      issues: [],
      warnings: [],
    });
  });
});

test("headcni config schema prints the JSON Schema", async () => {
  using node = tempRoot();
  const { exitCode, stdout } = await config(node, "schema");
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: "http://json-schema.org/draft-07/schema#",
    additionalProperties: false,
  });
});
