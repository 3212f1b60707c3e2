import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { defaultConfig } from "../config/defaults.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { choosePodCIDR } from "./chain.ts";

const piece = (podCIDR: string): string =>
  `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${podCIDR === "" ? "" : `podCIDR: ${podCIDR}\n`}`;
const unit = (flags: string): string => `[Service]\nExecStart=/usr/bin/kubelet ${flags}\n`;

function ask(files: Readonly<Record<string, string>>, prepare: (root: TempRoot) => void = () => {}): string {
  using root = tempRoot();
  for (const [path, content] of Object.entries(files)) root.write(path, content);
  prepare(root);
  const config = { config: defaultConfig, file: "", hostFile: "", origins: new Map(), warnings: [] };
  const { podCIDRs, source, file } = choosePodCIDR(testSystem(root), { nodeName: "w1", config });
  return [podCIDRs, source, file ?? "-"].join(" ");
}

const main = "/var/lib/kubelet/config.yaml";
const dir = "/etc/kubernetes/kubelet.conf.d";
const k3s = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d";
const rke2 = "/var/lib/rancher/rke2/agent/etc/kubelet.conf.d";
const service = "/etc/systemd/system/kubelet.service";

describe("choosePodCIDR() reads the kubelet's directory of configurations", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      "before its file",
      { [main]: piece("10.1.1.0/24"), [`${dir}/10-a.conf`]: piece("10.1.2.0/24") },
      `10.1.2.0/24 file ${dir}/10-a.conf`,
    ],
    [
      "its file for what no piece says",
      { [main]: piece("10.1.1.0/24"), [`${dir}/10-a.conf`]: piece("") },
      `10.1.1.0/24 file ${main}`,
    ],
    [
      "the last piece first",
      {
        [`${dir}/10-a.conf`]: piece("10.1.1.0/24"),
        [`${dir}/20-b.conf`]: piece("10.1.2.0/24"),
        [`${dir}/30-c.conf`]: piece(""),
      },
      `10.1.2.0/24 file ${dir}/20-b.conf`,
    ],
    [
      "capitals before small letters",
      { [`${dir}/Z.conf`]: piece("10.1.1.0/24"), [`${dir}/a.conf`]: piece("10.1.2.0/24") },
      `10.1.2.0/24 file ${dir}/a.conf`,
    ],
    [
      "those of directories in it",
      { [`${dir}/10-a.conf`]: piece("10.1.1.0/24"), [`${dir}/20/b.conf`]: piece("10.1.2.0/24") },
      `10.1.2.0/24 file ${dir}/20/b.conf`,
    ],
    [
      "and only names with .conf",
      {
        [`${dir}/10-a.yaml`]: piece("10.1.1.0/24"),
        [`${dir}/10-a.conf.bak`]: piece("10.1.2.0/24"),
        [`${dir}/README`]: piece("10.1.3.0/24"),
      },
      "10.244.0.0/24 default -",
    ],
    [
      "as JSON too",
      {
        [`${dir}/a.conf`]:
          '{"kind":"KubeletConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1","podCIDR":"10.1.1.0/24"}',
      },
      `10.1.1.0/24 file ${dir}/a.conf`,
    ],
    ["and not what has no kind", { [`${dir}/a.conf`]: "podCIDR: 10.1.1.0/24\n" }, "10.244.0.0/24 default -"],
    [
      "of k3s",
      { [`${k3s}/00-k3s-defaults.conf`]: piece(""), [`${k3s}/10-cli-config.conf`]: piece("10.52.3.0/24") },
      `10.52.3.0/24 file ${k3s}/10-cli-config.conf`,
    ],
    ["of RKE2", { [`${rke2}/10-a.conf`]: piece("10.52.3.0/24") }, `10.52.3.0/24 file ${rke2}/10-a.conf`],
  ])("%s", (_, files, expected) => {
    expect(ask(files)).toBe(expected);
  });

  test("through links to files, and not into linked directories", () => {
    const linked = (root: TempRoot): void => {
      fs.mkdirSync(`${root.path}${dir}`, { recursive: true });
      fs.symlinkSync("../kubelet-piece", `${root.path}${dir}/10-a.conf`);
      fs.symlinkSync("../others", `${root.path}${dir}/20-b`);
    };
    const files = {
      "/etc/kubernetes/kubelet-piece": piece("10.1.1.0/24"),
      "/etc/kubernetes/others/b.conf": piece("10.1.2.0/24"),
    };
    expect(ask(files, linked)).toBe(`10.1.1.0/24 file ${dir}/10-a.conf`);
  });
});

describe("choosePodCIDR() reads what the kubelet's unit names", () => {
  const there = { "/etc/kubelet.d/a.conf": piece("10.1.2.0/24"), [`${dir}/a.conf`]: piece("10.1.3.0/24") };
  const used = "10.1.2.0/24 file /etc/kubelet.d/a.conf";
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["as its directory", { [service]: unit("--config-dir=/etc/kubelet.d") }, used],
    ["as its directory, in the next word", { [service]: unit("--config-dir /etc/kubelet.d/ --v=2") }, used],
    [
      "as its directory, in a variable of a drop-in",
      {
        [service]: unit("$KUBELET_EXTRA_ARGS"),
        [`${service}.d/10-x.conf`]: "[Service]\nEnvironmentFile=-/etc/default/kubelet\n",
        "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=--config-dir=/etc/kubelet.d\n",
      },
      used,
    ],
    ["and no directory when it names none", { [service]: unit("--v=2") }, "10.244.0.0/24 default -"],
    [
      "as its file",
      { [service]: unit("--config=/etc/kubelet.yaml"), "/etc/kubelet.yaml": piece("10.1.5.0/24") },
      "10.1.5.0/24 file /etc/kubelet.yaml",
    ],
  ])("%s", (_, files, expected) => {
    expect(ask({ ...there, ...files })).toBe(expected);
  });
});
