// A folder of other CNIs' files, taken over and given back by the compiled commands, with the real plugins asked for their
// versions.

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { snapshot } from "../../src/conflist/testing.ts";
import { confDir, folderNode } from "./folder-node.ts";

/** As these projects install them: content, mode. */
const foreign: Readonly<Record<string, readonly [string, number]>> = {
  "00-multus.conf": [`{"cniVersion":"0.3.1","name":"multus-cni-network","type":"multus","delegates":[{}]}`, 0o600],
  "05-cilium.conflist": [
    `{\n  "cniVersion": "0.3.1",\n  "name": "cilium",\n  "plugins": [{"type": "cilium-cni"}]\n}\n`,
    0o600,
  ],
  "07-broken.conflist": [`{"name": "half`, 0o640],
  "10-calico.conflist": [`{"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[{"type":"calico"}]}\r\n`, 0o644],
  "10-containerd-net.conflist": [`{"cniVersion":"1.0.0","name":"containerd-net","plugins":[{"type":"bridge"}]}`, 0o644],
  "10-crio-bridge.conf": [`{"cniVersion":"0.3.1","name":"crio","type":"bridge"}`, 0o644],
  "10-flannel.conflist": [
    `{"name":"cbr0","cniVersion":"0.3.1","plugins":[{"type":"flannel"},{"type":"portmap"}]}`,
    0o664,
  ],
  "87-podman-bridge.conflist": [`{"cniVersion":"0.4.0","name":"podman","plugins":[{"type":"bridge"}]}`, 0o644],
  "99-loopback.conf": [`# comment\n{"cniVersion":"0.3.1","type":"loopback"}`, 0o444],
  "aws.json": ["", 0o600],
};

test("ten configurations of others survive install and restore with bytes, mode and modification time", () => {
  using node = folderNode();
  for (const [at, [name, [content, mode]]] of Object.entries(foreign).entries()) {
    node.write(`${confDir}/${name}`, content, mode);
    fs.utimesSync(`${node.path}${confDir}/${name}`, 1_500_000_000, 1_600_000_000.125 + at * 0.001);
  }
  const before = snapshot(`${node.path}${confDir}`);

  const installed = node.conflist(["install", "-o", "json"]);
  expect([installed.exitCode, installed.stderr]).toEqual([0, ""]);
  expect(JSON.parse(installed.stdout).movedAside.map(({ name }: { name: string }) => name)).toEqual(
    Object.keys(foreign).slice(0, 7),
  );
  expect(node.conflist(["diff"]).exitCode).toBe(0);
  expect(node.conflist(["validate"]).exitCode).toBe(0);
  expect(node.conflist(["install"], 1).exitCode).toBe(0);

  const restored = node.conflist(["restore", "-o", "json"]);
  expect([restored.exitCode, JSON.parse(restored.stdout)[0].complete]).toEqual([0, true]);
  // The first PodCIDR's conflist is an earlier version of ours: it is kept, the folder holds nothing of it.
  expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
});
