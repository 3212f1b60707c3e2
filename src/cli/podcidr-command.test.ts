// `headcni podcidr` and `podcidr inspect` as a person sees them.

import { describe, expect, test } from "bun:test";
import { fakeKernel } from "../dataplane/testing.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { CliContext } from "./context.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";

async function run(root: TempRoot, ...args: readonly string[]) {
  let stdout = "";
  let stderr = "";
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
    system: () => testSystem(root, { exec: fakeKernel().exec }),
    exit: () => {},
  };
  const exitCode = (await parseCommandLine(context, ["podcidr", ...args])) ?? 0;
  return { exitCode, stdout, stderr };
}

function node(): TempRoot {
  const root = tempRoot();
  root.write("/etc/hostname", "worker-1\n");
  root.write("/run/flannel/subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\n");
  return root;
}

describe("headcni podcidr", () => {
  test("shows what, from where, how sure, and every source that was asked", async () => {
    using root = node();
    const { stdout, stderr, exitCode } = await run(root);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toStartWith(`PodCIDR        10.244.3.0/24
Node           worker-1
From           file, /run/flannel/subnet.env:2
Authoritative  yes
Cluster CIDR   10.244.0.0/16

ASKED   OUTCOME  FILE `);
    expect(stdout).toMatch(/^env +absent +- +NODE_POD_CIDR is not set$/m);
    expect(stdout).toContain("file    used     /run/flannel/subnet.env:2\n\nNODE NAME ");
    expect(stdout).toMatch(/^--node-name +absent +- +- +is not set$/m);
    expect(stdout).toMatch(/^\/etc\/hostname +used +worker-1 +\/etc\/hostname:1$/m);
  });

  test("says what to do when the answer is a guess", async () => {
    using root = node();
    root.write("/run/flannel/subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\n");
    const { stdout } = await run(root);
    expect(stdout).toContain("PodCIDR        10.244.237.0/24\n");
    expect(stdout).toMatch(/^Authoritative +no: .*set network.podCIDR.nodeLocal or NODE_POD_CIDR$/m);
  });

  test("prints warnings beside the answer, not in it", async () => {
    using root = node();
    root.write("/var/lib/kubelet/config.yaml", "podCIDR: 10.1.2.3/24\n");
    const { stdout, stderr } = await run(root, "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({ podCIDRs: ["10.244.3.0/24"], source: "file", authoritative: true });
    expect(stderr).toBe(
      "warning: /var/lib/kubelet/config.yaml:1: 10.1.2.3/24: podCIDR has host bits set: the network is 10.1.2.0/24\n",
    );
  });

  test("takes --node-name before everything, and refuses one that is none", async () => {
    using root = node();
    expect((await run(root, "--node-name", "Other-2")).stdout).toContain("Node           other-2\n");
    const { exitCode, stderr } = await run(root, "--node-name", "no_name");
    expect(exitCode).toBe(3);
    expect(stderr).toContain('"no_name" from --node-name is not a Kubernetes node name');
    expect(stderr).toContain("hint: ");
  });

  test("refuses an unknown format", async () => {
    using root = node();
    expect((await run(root, "-o", "xml")).exitCode).toBe(2);
  });
});

describe("headcni podcidr inspect", () => {
  test("answers for each file in order, also for those it cannot read", async () => {
    using root = node();
    const files = ["/run/flannel/subnet.env", "/none", "/run"];
    const { stdout, exitCode } = await run(root, "inspect", ...files, "-o", "json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      {
        file: "/run/flannel/subnet.env",
        kind: "subnet-env",
        nodeCIDRs: ["10.244.3.0/24"],
        clusterCIDRs: ["10.244.0.0/16"],
        serviceCIDRs: [],
        nodeMask: { ipv4: null, ipv6: null },
        findings: [
          { line: 1, key: "FLANNEL_NETWORK", value: "10.244.0.0/16", meaning: "cluster" },
          { line: 2, key: "FLANNEL_SUBNET", value: "10.244.3.0/24", meaning: "node" },
        ],
        warnings: [],
      },
      {
        ...unreadable("/none"),
        warnings: [{ reason: "Cannot read /none: does not exist" }],
      },
      {
        ...unreadable("/run"),
        warnings: [{ reason: "Cannot read /run: it is a folder" }],
      },
    ]);
  });

  function unreadable(file: string) {
    const none = { nodeCIDRs: [], clusterCIDRs: [], serviceCIDRs: [], findings: [] };
    return { file, kind: "unreadable", ...none, nodeMask: { ipv4: null, ipv6: null } };
  }

  test("shows a table a file", async () => {
    using root = node();
    const { stdout } = await run(root, "inspect", "/run/flannel/subnet.env", "/etc/hostname");
    expect(stdout).toBe(`/run/flannel/subnet.env (subnet-env)
LINE  MEANING  VALUE          KEY OR REASON
1     cluster  10.244.0.0/16  FLANNEL_NETWORK
2     node     10.244.3.0/24  FLANNEL_SUBNET

/etc/hostname (text)
no CIDR in it
`);
  });

  test("picks this node's object with --node-name", async () => {
    using root = node();
    const item = (name: string, podCIDR: string) =>
      `{kind: Node, metadata: {name: ${name}}, spec: {podCIDR: ${podCIDR}}}`;
    root.write("/nodes.yaml", `kind: List\nitems:\n- ${item("a", "10.1.1.0/24")}\n- ${item("b", "10.1.2.0/24")}\n`);
    const { stdout } = await run(root, "inspect", "/nodes.yaml", "--node-name", "b", "-o", "json");
    expect(JSON.parse(stdout)[0].nodeCIDRs).toEqual(["10.1.2.0/24"]);
  });

  test("wants a file", async () => {
    using root = node();
    expect((await run(root, "inspect")).exitCode).toBe(2);
  });
});
