// `headcni config` on folders that play a node.

import { describe, expect, test } from "bun:test";
import { loadConfig } from "../config/load.ts";
import { fakeKernel } from "../dataplane/testing.ts";
import { choosePodCIDR } from "../podcidr/chain.ts";
import { createSystem } from "../sys/system.ts";
import { type TempRoot, tempRoot } from "../sys/testing.ts";
import { type CommandAnswer, runCommandLine } from "./testing.ts";

/** Runs `headcni config …` on a node without an environment. */
function config(node: TempRoot, ...args: readonly string[]): Promise<CommandAnswer> {
  const system = () => ({ ...createSystem({ root: node.path }), env: {}, exec: fakeKernel().exec });
  return runCommandLine(system, "config", ...args);
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

  test("shows the folders in force on this node and who named them, as the daemon finds them", async () => {
    using node = tempRoot();
    const containerd = "/etc/containerd/config.toml";
    const shown = async () => {
      const { stdout } = await config(node, "explain");
      return stdout
        .split("\n")
        .flatMap((line) => (/^cni\.(conf|bin)Dir /.test(line) ? [line.split(/ {2,}/).slice(1)] : []));
    };
    const none = "default (no runtime's configuration found)";
    const byDefault = ["/etc/cni/net.d", none];
    expect(await shown()).toEqual([byDefault, ["/opt/cni/bin", none]]);
    node.write("/usr/lib/cni/bridge", "");
    expect(await shown()).toEqual([byDefault, ["/usr/lib/cni", "found on this node"]]);
    node.write(containerd, `[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "/x/net.d"\n`);
    const unnamed = `containerd's default (${containerd} names none)`;
    expect(await shown()).toEqual([
      ["/x/net.d", `${containerd}:2`],
      ["/opt/cni/bin", unnamed],
    ]);
    node.write(file, "cni: {binDir: /mine}\n");
    expect(await shown()).toEqual([
      ["/x/net.d", `${containerd}:2`],
      ["/mine", `${file}:1`],
    ]);
    const { values, notes } = JSON.parse((await config(node, "explain", "-o", "json")).stdout);
    expect(notes).toEqual([
      "containerd makes this node's pods: it is configured",
      `cni.binDir is /mine, and containerd's is /opt/cni/bin (${unnamed})`,
    ]);
    const from = { source: "node", by: `${containerd}:2`, file: containerd, line: 2 };
    expect(values).toContainEqual({ key: "cni.confDir", value: "/x/net.d", ...from });
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

  test("says of a file that is missing what named it", async () => {
    using node = tempRoot();
    expect(await config(node, "validate", "/nowhere.yaml")).toEqual({
      exitCode: 3,
      stdout: "",
      stderr:
        "error: Cannot read the configuration /nowhere.yaml, named by the command line: it does not exist\nhint: create the file, or name another on the command line\n",
    });
    expect((await config(node, "validate", "")).stderr).toStartWith(
      "error: Cannot read the configuration: the name of the file is empty\n",
    );
  });

  test("finds what the daemon of some other node would refuse", async () => {
    using node = tempRoot();
    node.write(
      file,
      "network:\n  podCIDR:\n    nodeLocal:\n      a: 10.1.0.0/24\n      b: 100.64.1.0/24\n      c: 10.2.0.0/31\n",
    );
    const { exitCode, stderr } = await config(node, "validate");
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`${file}:5: network.podCIDR.nodeLocal.b: 100.64.1.0/24 lies in 100.64.0.0/10`);
    expect(stderr).toContain(`${file}:6: network.podCIDR.nodeLocal.c: 10.2.0.0/31 is a /31, which leaves no address`);
  });

  test.each([
    [
      "Tailscale's range",
      "base: 100.64.0.0/16",
      "lies in 100.64.0.0/10, which Tailscale gives its nodes addresses from; write another range",
    ],
    ["loopback", "base: 127.0.0.0/16", "lies in the loopback range; write another range"],
    ["too small a range", "base: 10.0.0.0/28", "has no room for a node's block of /24; write a larger range"],
    [
      "a range that services cover",
      "base: 10.96.0.0/15, nodeLocal: {a: 10.1.0.0/24}",
      "lies in the service CIDR 10.96.0.0/12",
    ],
  ])("says of a base with %s what the daemon ends over", async (_name, podCIDR, why) => {
    using node = tempRoot();
    node.write(file, `network:\n  podCIDR: {${podCIDR}}\n`);
    const manager = "command: [kube-controller-manager, --service-cluster-ip-range=10.96.0.0/12]";
    node.write(
      "/etc/kubernetes/manifests/kube-controller-manager.yaml",
      `kind: Pod\napiVersion: v1\nspec: {containers: [{${manager}}]}\n`,
    );
    const { exitCode, stderr } = await config(node, "validate");
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`${file}:2: network.podCIDR.base: `);
    expect(stderr).toContain(why);
    const system = { ...createSystem({ root: node.path }), env: {} };
    const daemon = async () => choosePodCIDR(system, { nodeName: "b", config: await loadConfig(system) });
    await expect(daemon()).rejects.toMatchObject({ issues: [{ message: expect.stringContaining(why) }] });
  });

  test("does not mind a base that no node with this file would ask", async () => {
    using node = tempRoot();
    node.write(file, "network: {podCIDR: {base: 10.0.0.0/28, nodeLocal: 10.0.0.0/28}}\n");
    expect((await config(node, "validate")).exitCode).toBe(0);
    node.write(file, "network: {podCIDR: {base: 10.0.0.0/28, perNode: 29}}\n");
    expect((await config(node, "validate")).exitCode).toBe(0);
  });

  test("lists it beside what is wrong already by itself", async () => {
    using node = tempRoot();
    node.write(file, "network:\n  mtu: 3\n  podCIDR:\n    nodeLocal:\n      a: 100.64.1.0/24\n      b: x\n");
    const { stderr } = await config(node, "validate");
    expect([...stderr.matchAll(/^ {2}\S+?:(\d+): (\S+):/gm)].map(([, line, key]) => `${line} ${key}`)).toEqual([
      "2 network.mtu",
      "5 network.podCIDR.nodeLocal.a",
      "6 network.podCIDR.nodeLocal.b",
    ]);
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
