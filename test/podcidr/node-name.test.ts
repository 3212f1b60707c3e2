// The compiled program on directories that play nodes: what it calls them, and what it says where places differ.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { certificates } from "../../src/node-name/testing.ts";
import { isNodeName } from "../../src/spec/node-name-rule.ts";
import { type TempRoot, tempRoot } from "../../src/sys/testing.ts";
import { headcni } from "../harness/headcni.ts";

const k3sPem = "/var/lib/rancher/k3s/agent/client-kubelet.crt";
const currentPem = "/var/lib/kubelet/pki/kubelet-client-current.pem";

function run(root: TempRoot, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([headcni, "podcidr", "--root", root.path, ...args], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
    timeout: 20_000,
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

function nodeOf(files: Readonly<Record<string, string>>): TempRoot {
  const root = tempRoot();
  root.write("/etc/hostname", "localhost\n");
  for (const [path, content] of Object.entries(files)) root.write(path, content);
  return root;
}

describe("headcni podcidr names the node", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["as k3s' certificate does", { [k3sPem]: certificates["worker-8"] }, "worker-8"],
    ["as the kubelet's certificate does", { [currentPem]: certificates["worker-7.example"] }, "worker-7.example"],
    ["as k3s was told", { "/etc/rancher/k3s/config.yaml": "node-name: edge-1\n" }, "edge-1"],
    ["as RKE2 was told", { "/etc/rancher/rke2/config.yaml.d/a.yaml": 'node-name: "Edge-2"\n' }, "edge-2"],
    [
      "as the kubelet was told",
      { "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=--hostname-override=worker-7\n" },
      "worker-7",
    ],
    ["as its host is called", {}, "localhost"],
  ])("%s", (_, files, name) => {
    using root = nodeOf(files);
    const { exitCode, stdout, stderr } = run(root, ["-o", "json"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ nodeName: name, node: { name, disagreements: [] } });
    expect(run(root).stdout).toMatch(new RegExp(`^\\S.* used +${name.replaceAll(".", "\\.")}( |$)`, "m"));
  });

  test("gives two nodes that were installed from one image blocks of their own", () => {
    const base = { "/etc/rancher/k3s/config.yaml": "cluster-cidr: 10.42.0.0/16\nwith-node-id: true\n" };
    using one = nodeOf({ ...base, "/etc/rancher/node/id": "0a1b2c3d\n" });
    using two = nodeOf({ ...base, "/etc/rancher/node/id": "0a1b2c3e\n" });
    const [first, second] = [one, two].map((root) => JSON.parse(run(root, ["-o", "json"]).stdout).podCIDRs);
    expect(first).not.toEqual(second);
  });

  test("warns where the operator and the cluster differ, with file, line and remedy", () => {
    using root = nodeOf({ "/etc/rancher/k3s/config.yaml": "token: secret-1\nnode-name: edge-1\n" });
    const { exitCode, stdout, stderr } = run(root, ["-o", "json"], { NODE_NAME: "edge-9" });
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      'warning: "edge-9" of environment NODE_NAME is taken as this node\'s name, but node-name of k3s (/etc/rancher/k3s/config.yaml:2) ' +
        'says "edge-1". Write the name that kubectl get nodes shows for this node, or take it out: the cluster\'s own is found without it\n',
    );
    expect(JSON.parse(stdout).node).toMatchObject({
      name: "edge-9",
      from: "environment NODE_NAME",
      disagreements: [{ source: "node-name of k3s", file: "/etc/rancher/k3s/config.yaml", line: 2, name: "edge-1" }],
    });
  });

  test("shows no key and no token of the files it reads", () => {
    const key = `-----BEGIN EC PRIVATE KEY-----\n${"K".repeat(64)}\n-----END EC PRIVATE KEY-----\n`;
    using root = nodeOf({
      [currentPem]: certificates["worker-8"] + key,
      "/etc/rancher/k3s/config.yaml": "token: TOPSECRET\nnode-name: edge-1\n",
      "/etc/kubernetes/kubelet.conf":
        "current-context: a\ncontexts: [{name: a, context: {user: TOPSECRET}}]\nusers: [{name: TOPSECRET, user: {token: TOPSECRET}}]\n",
    });
    const { stdout, stderr } = run(root);
    expect(stdout).toContain("worker-8");
    expect(stdout + stderr).not.toMatch(/TOPSECRET|KKKK/);
  });

  test("stays within the rules of a name, whatever lies there", () => {
    const paths = [currentPem, k3sPem, "/etc/kubernetes/kubelet.conf", "/etc/rancher/node/id", "/etc/hostname"];
    const settings = ["/etc/rancher/k3s/config.yaml", "/etc/rancher/rke2/config.yaml", "/etc/default/kubelet"];
    const kubeadm = "/etc/kubernetes/kubeadm-config.yaml";
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc.string({ unit: fc.constantFrom(..."-=:node-name:hostname-override \n\"'\\#{}[]%$.A_"), maxLength: 200 }),
      fc.constantFrom(
        "node-name: a_b\nwith-node-id: yes\n",
        "KUBELET_EXTRA_ARGS=--hostname-override=%H\n",
        "kind: InitConfiguration\nnodeRegistration: {name: '{{ x }}'}\n",
      ),
    );
    const all = [...paths, ...settings, kubeadm];
    for (const sample of fc.sample(fc.array(garbage, { minLength: all.length, maxLength: all.length }), 12)) {
      using root = tempRoot();
      for (const [at, path] of all.entries()) root.write(path, sample[at] ?? "");
      const { exitCode, stdout, stderr } = run(root, ["-o", "json"]);
      if (exitCode === 0) expect(isNodeName(JSON.parse(stdout).nodeName)).toBe(true);
      else expect(stderr).toMatch(/Cannot tell this node's name: .+\n.*hint: .*kubectl get nodes/s);
    }
  });
});
