// The compiled program on folders that play nodes: whose word counts, and garbage in every place it reads.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sourceFiles } from "../../src/podcidr/sources.ts";
import { type TempRoot, tempRoot } from "../../src/sys/testing.ts";
import { headcni } from "../harness/headcni.ts";

const mebibyte = 1 << 20;

function run(args: readonly string[], options: { env?: Record<string, string>; stdin?: string; cwd?: string } = {}) {
  const { exitCode, stdout, stderr, resourceUsage } = Bun.spawnSync([headcni, "podcidr", ...args], {
    cwd: options.cwd ?? "/",
    env: { PATH: "/usr/bin:/bin", ...options.env },
    stdin: options.stdin === undefined ? "ignore" : new TextEncoder().encode(options.stdin),
    timeout: 20_000,
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr), peakBytes: resourceUsage?.maxRSS ?? 0 };
}

function json(args: readonly string[], options: { env?: Record<string, string>; stdin?: string } = {}) {
  const { exitCode, stdout, stderr } = run([...args, "-o", "json"], options);
  expect([exitCode, stdout === "" ? stderr : ""]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** A kubeadm node with flannel on it. */
function node(): TempRoot {
  const root = tempRoot();
  root.write("/etc/hostname", "worker-1\n");
  root.write(
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --cluster-cidr=10.244.0.0/16\n",
  );
  root.write("/run/flannel/subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\n");
  return root;
}

describe("headcni podcidr as a process", () => {
  test("takes configuration before environment before files", () => {
    using root = node();
    expect(json(["--root", root.path])).toMatchObject({ podCIDRs: ["10.244.3.0/24"], source: "file", line: 2 });
    const env = { NODE_POD_CIDR: "10.244.9.0/24" };
    expect(json(["--root", root.path], { env })).toMatchObject({ podCIDRs: ["10.244.9.0/24"], source: "env" });
    root.write("/etc/headcni/config.yaml", "network:\n  podCIDR:\n    nodeLocal:\n      worker-1: 10.244.7.0/24\n");
    expect(json(["--root", root.path], { env })).toMatchObject({
      podCIDRs: ["10.244.7.0/24"],
      source: "config",
      file: "/etc/headcni/config.yaml",
      authoritative: true,
    });
  });

  test("ends with 3 on a value the operator wrote wrong", () => {
    using root = node();
    const { exitCode, stdout, stderr } = run(["--root", root.path], { env: { NODE_POD_CIDR: "10.244.9.1/24" } });
    expect([exitCode, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("the network is 10.244.9.0/24");
    expect(stderr).toContain("hint: ");
  });

  test("answers with garbage in every source file", () => {
    const contents = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.string({ unit: fc.constantFrom(..."{}[]:,-#&*!|>'\"%@ \n\tpodCIDR10./"), maxLength: 2000 }),
    );
    for (const [index, sample] of fc.sample(fc.array(contents, { minLength: 20, maxLength: 20 }), 5).entries()) {
      using root = tempRoot();
      for (const [at, { path, kind }] of sourceFiles("worker-1").entries()) {
        const inside = {
          file: "",
          command: path === "/proc" ? "/7/cmdline" : "",
          "yaml-dir": "/a.yaml",
          "kubelet-dir": "/a.conf",
          "conflist-dir": "/05-a.conflist",
        };
        const name = `${path}${inside[kind]}`;
        root.write(name, sample[(at + index) % sample.length] ?? "");
      }
      const answer = json(["--root", root.path, "--node-name", "worker-1"]);
      expect(["file", "hash", "default"]).toContain(answer.source);
      expect(answer.podCIDRs.length).toBeGreaterThan(0);
    }
  });
});

describe("headcni podcidr inspect as a process", () => {
  test("reads files relative to where it stands, and standard input", () => {
    using root = node();
    const { stdout } = run(["inspect", "subnet.env", "-o", "json"], { cwd: `${root.path}/run/flannel` });
    expect(JSON.parse(stdout)[0]).toMatchObject({ file: "subnet.env", nodeCIDRs: ["10.244.3.0/24"] });
    const list = ["a", "b"].map((name, index) => ({
      kind: "Node",
      apiVersion: "v1",
      metadata: { name },
      spec: { podCIDR: `10.244.${index}.0/24` },
    }));
    const stdin = JSON.stringify({ kind: "List", apiVersion: "v1", items: list });
    expect(json(["inspect", "-", "--node-name", "b"], { stdin })[0]).toMatchObject({ nodeCIDRs: ["10.244.1.0/24"] });
  });

  test("answers for what is no file, and waits for nothing", () => {
    using root = tempRoot();
    Bun.spawnSync(["mkfifo", `${root.path}/fifo`]);
    const files = ["/dev/zero", `${root.path}/fifo`, root.path, `${root.path}/none`, "/proc/self/status"];
    const kinds = json(["inspect", ...files]).map(({ kind }: { kind: string }) => kind);
    expect(kinds.slice(0, 4)).toEqual(["unreadable", "unreadable", "unreadable", "unreadable"]);
    expect(kinds[4]).not.toBe("unreadable");
  });

  test.each<[string, string]>([
    ["5 MiB of brackets", "[".repeat(5 * mebibyte)],
    ["5 MiB of documents", "---\na: b\n".repeat(5 * 116_000)],
    ["5 MiB of nodes", nodeList(1500)],
    ["17 MiB", "podCIDR: 10.1.2.0/24\n".repeat(850_000)],
  ])("keeps its memory bounded on %s", (_, text) => {
    using root = tempRoot();
    root.write("/f", text);
    const { exitCode, peakBytes } = run(["inspect", `${root.path}/f`, "-o", "json"]);
    expect(exitCode).toBe(0);
    expect(peakBytes / mebibyte).toBeLessThan(450);
  });
});

function nodeList(count: number): string {
  const image = `    - names: [registry.example/image@sha256:${"ab".repeat(32)}]\n      sizeBytes: 12345678\n`;
  const item = (index: number): string =>
    `- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n${index}\n  spec:\n    podCIDR: 10.${index >> 8}.${index & 255}.0/24\n  status:\n    images:\n${image.repeat(25)}`;
  return `apiVersion: v1\nitems:\n${Array.from({ length: count }, (_, index) => item(index)).join("")}kind: List\n`;
}
