// `headcni conflist render` and `diff` for programs, in shapes that docs/conflist.md promises; what configurations they and `restore` take.

import { expect, test } from "bun:test";
import { createSystem } from "../../sys/system.ts";
import { type TempRoot, tempRoot } from "../../sys/testing.ts";
import type { CliContext } from "../context.ts";
import { parseCommandLine } from "../program.ts";
import { plainTerminal } from "../terminal/testing.ts";

async function conflist(node: TempRoot, ...args: readonly string[]) {
  const answer = { exitCode: 0, stdout: "" };
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: () => undefined,
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: () => ({ ...createSystem({ root: node.path }), env: { NODE_NAME: "a" } }),
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  const code = await parseCommandLine(context, ["conflist", ...args]);
  return { ...answer, exitCode: code ?? answer.exitCode };
}

const config = "/etc/headcni/config.yaml";
const path = "/etc/cni/net.d/10-headcni.conflist";

test("render -o json is the conflist with its PodCIDRs and their source", async () => {
  using node = tempRoot();
  node.write(config, "network: {podCIDR: {nodeLocal: {a: 10.1.0.0/24}}}\n");
  const { stdout: text } = await conflist(node, "render");
  const { exitCode, stdout } = await conflist(node, "render", "-o", "json");
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    path,
    podCIDRs: ["10.1.0.0/24"],
    source: "config",
    file: config,
    line: 1,
    conflist: JSON.parse(text),
  });
});

test("diff -o json says why, what goes aside, and the patch", async () => {
  using node = tempRoot();
  node.write(config, "network: {podCIDR: {nodeLocal: {a: 10.1.0.0/24}}}\n");
  node.write("/etc/cni/net.d/10-flannel.conflist", "{}");
  const { stdout: patch } = await conflist(node, "diff");
  const absent = await conflist(node, "diff", "-o", "json");
  expect(absent.exitCode).toBe(1);
  const expected = { path, reason: "absent", toMoveAside: ["10-flannel.conflist"], keptOthers: [] };
  const json = JSON.parse(absent.stdout);
  expect(json).toEqual({ ...expected, patch: expect.stringMatching(/^--- \/dev\/null\n/) });
  expect(patch).toStartWith(json.patch);

  using done = tempRoot();
  done.write(config, node.read(config));
  done.write(path, (await conflist(done, "render")).stdout, 0o600);
  expect(await conflist(done, "diff", "-o", "json")).toEqual({
    exitCode: 0,
    stdout: `${JSON.stringify({ path, reason: "same", toMoveAside: [], keptOthers: [], patch: null }, null, 2)}\n`,
  });
});

test("render decides as the daemon does with ranges that conflict: nothing new comes of them", async () => {
  using node = tempRoot();
  node.write(config, "network: {podCIDR: {nodeLocal: {a: 10.1.0.0/24}}}\n");
  const { stdout: text } = await conflist(node, "render");
  node.write(config, "network: {podCIDR: {nodeLocal: {a: 10.1.0.0/24, b: 10.2.0.0/24, c: 10.2.0.0/24}}}\n");
  expect((await conflist(node, "render")).exitCode).toBe(3);
  node.write(path, text, 0o600);
  expect(await conflist(node, "render")).toEqual({ exitCode: 0, stdout: text });
});

test("restore needs no configuration that is right", async () => {
  using node = tempRoot();
  node.write(config, "network: {mtu: 3}\n");
  expect((await conflist(node, "render")).exitCode).toBe(3);
  expect(await conflist(node, "restore")).toEqual({ exitCode: 0, stdout: "There is nothing to restore\n" });
});
