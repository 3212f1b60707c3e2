import { expect, test } from "bun:test";
import { type Delegate, delegateOf } from "./meta-config.ts";

const rows: readonly (readonly [string, Parameters<typeof delegateOf>[0], Delegate | undefined])[] = [
  ["a plain CNI", { type: "calico", name: "k8s" }, undefined],
  ["flannel, which calls bridge", { type: "flannel", delegate: { isDefaultGateway: true } }, undefined],
  ["clusterNetwork, our network", { type: "multus", clusterNetwork: "headcni" }, { kind: "ours" }],
  ["clusterNetwork, an attachment", { type: "multus", clusterNetwork: "kube-system/headcni" }, { kind: "ours" }],
  [
    "clusterNetwork, our file as a pod sees it",
    { type: "multus-shim", clusterNetwork: "/host/etc/cni/net.d/10-headcni.conflist" },
    { kind: "ours" },
  ],
  [
    "clusterNetwork, another's file",
    { type: "multus-shim", clusterNetwork: "/host/etc/cni/net.d/10-flannel.conflist" },
    { kind: "other", name: "/host/etc/cni/net.d/10-flannel.conflist" },
  ],
  ["clusterNetwork, another's name", { type: "multus", clusterNetwork: "cbr0" }, { kind: "unknown", name: "cbr0" }],
  [
    "clusterNetwork, a folder of our name",
    { type: "multus", clusterNetwork: "/etc/headcni" },
    { kind: "unknown", name: "/etc/headcni" },
  ],
  [
    "clusterNetwork wins over delegates",
    { type: "multus", clusterNetwork: "headcni", delegates: [{ name: "cbr0" }] },
    { kind: "ours" },
  ],
  ["a copy of our conflist", { type: "multus", delegates: [{ name: "headcni", plugins: [] }] }, { kind: "ours" }],
  [
    "the first delegate is another's",
    { type: "multus", delegates: [{ name: "cbr0", plugins: [] }, { name: "headcni" }] },
    { kind: "other", name: "cbr0" },
  ],
  ["a delegate without a name", { type: "multus", delegates: [{ type: "calico" }] }, { kind: "other", name: "calico" }],
  ["delegates of a type never heard of", { type: "my-meta", delegates: [{ name: "headcni" }] }, { kind: "ours" }],
  [
    "a shim that waits for our file",
    { type: "multus-shim", readinessindicatorfile: "/x/10-headcni.conflist" },
    { kind: "ours" },
  ],
  ["a shim that says nothing", { type: "multus-shim" }, { kind: "unknown" }],
  ["values of another kind", { type: "multus", clusterNetwork: 1, delegates: {} }, { kind: "unknown" }],
];

test.each(rows)("delegateOf() %s", (_, plugin, delegate) => {
  expect(delegateOf(plugin)).toEqual(delegate);
});
