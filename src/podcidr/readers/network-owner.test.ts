import { describe, expect, test } from "bun:test";
import { classify } from "../classify.ts";
import { readText } from "../read-text.ts";
import { decodeText } from "../text/decode.ts";
import { cniConfig } from "./cni-config.ts";

const hostLocal = (more: object = {}): object => ({ type: "host-local", subnet: "10.9.3.0/24", ...more });
const bridge = (more: object = {}, ipam: object = {}): object => ({ type: "bridge", ipam: hostLocal(ipam), ...more });
const of = (type: string): object => ({ type, master: "eth0", ipam: hostLocal() });

/** What the chain makes of a configuration: the node's ranges, or why they are passed over. */
function forNode(config: object): string {
  const text = JSON.stringify({ cniVersion: "1.0.0", name: "n", ...config });
  const bytes = new TextEncoder().encode(text);
  const { statements } = readText(decodeText(bytes), { readers: [cniConfig], nodeName: "n1" });
  const known = { clusterCIDRs: [], serviceCIDRs: [], isForNode: true };
  const { nodeCIDRs, passedOver } = classify(statements, known);
  return passedOver?.reason ?? nodeCIDRs.join();
}

describe("a CNI configuration's range is the node's own", () => {
  test.each<[string, object]>([
    [
      "behind a bridge that is its gateway",
      bridge({ isGateway: true }, { gateway: "10.9.3.1", rangeStart: "10.9.3.9" }),
    ],
    ["behind a bridge that is its default gateway", bridge({ isDefaultGateway: true })],
    ["behind a bridge of which nothing is said", bridge()],
    ["of ptp", of("ptp")],
    ["of calico with host-local", of("calico")],
    ["of cilium with host-local", of("cilium-cni")],
    ["of flannel's delegate", { type: "flannel", delegate: { ipam: hostLocal({ gateway: "10.9.3.1" }) } }],
    ["of multus' first delegate", { type: "multus", delegates: [{ plugins: [bridge()] }, of("macvlan")] }],
  ])("%s", (_, plugin) => {
    expect(forNode({ plugins: [plugin] })).toBe("10.9.3.0/24");
    expect(forNode(plugin)).toBe("10.9.3.0/24");
  });
});

describe("a CNI configuration's range is the wire's", () => {
  const types = "macvlan ipvlan vlan host-device sriov ib-sriov ovs tap dummy bond egress something-new".split(" ");
  test.each<[string, object]>([
    ...types.map((type): [string, object] => [`of ${type}`, of(type)]),
    ["behind a bridge that is not its gateway", bridge({ isGateway: false })],
    ["with another gateway", bridge({}, { gateway: "10.9.3.1" })],
    ["with another gateway in a range", bridge({}, { ranges: [[{ subnet: "10.9.3.0/24", gateway: "10.9.3.1" }]] })],
    ["of which the pods get a share", bridge({}, { rangeStart: "10.9.3.200", rangeEnd: "10.9.3.216" })],
    ["in a VLAN", bridge({ bridge: "br0", vlan: 20 })],
    ["with routes over another host", bridge({}, { routes: [{ dst: "0.0.0.0/0", gw: "10.9.3.1" }] })],
    ["of multus' first delegate", { type: "multus", delegates: [of("macvlan"), bridge()] }],
    ["of multus' marked delegate", { type: "multus", delegates: [bridge(), { ...of("sriov"), masterplugin: true }] }],
    ["of a list that is multus' delegate", { type: "multus", delegates: [{ plugins: [of("ipvlan")] }] }],
    ["of flannel's delegate", { type: "flannel", delegate: of("macvlan") }],
  ])("%s", (_, plugin) => {
    expect(forNode({ plugins: [plugin] })).toContain("not this node's own, so it is not taken");
    expect(forNode(plugin)).toContain("not this node's own, so it is not taken");
  });
});

describe("a CNI configuration's range is a tool's", () => {
  const gateway = bridge({ isGateway: true });
  const onBridge = (name: string): object => ({ plugins: [bridge({ isGateway: true, bridge: name })] });
  test.each<[string, object]>([
    ["nerdctl's, by its ID", { nerdctlID: "0123456789ab", plugins: [gateway] }],
    ["nerdctl's, by its labels", { nerdctlLabels: {}, plugins: [gateway] }],
    ["nerdctl's or Docker's, by its bridge", onBridge("br-0123456789ab")],
    ["nerdctl's default", { name: "bridge", ...onBridge("nerdctl0") }],
    ["podman's default", { name: "podman", plugins: [gateway] }],
    ["podman's, made by hand", { name: "web", ...onBridge("cni-podman3") }],
    ["podman's, by its labels", { args: { podman_labels: { a: "b" } }, plugins: [gateway] }],
    ["Docker's", onBridge("docker0")],
    ["libvirt's", onBridge("virbr0")],
    ["BuildKit's", { name: "buildkit", plugins: [gateway] }],
    ["BuildKit's with names", onBridge("buildkitdns0")],
    ["faasd's", { name: "openfaas-cni-bridge", ...onBridge("openfaas0") }],
    ["Ignite's", { name: "ignite-cni-bridge", ...onBridge("ignite0") }],
    ["Firecracker's, by its bridge", onBridge("fc-br0")],
    ["Firecracker's, by the plugin that makes its device", { plugins: [gateway, { type: "tc-redirect-tap" }] }],
    ["a tool's behind multus", { plugins: [{ type: "multus", delegates: [{ nerdctlID: 1, plugins: [gateway] }] }] }],
  ])("%s", (_, config) => {
    expect(forNode(config)).toContain("is the private network of podman, nerdctl, Docker or a like tool");
  });

  test("but not a cluster's with a similar name", () => {
    for (const name of ["cni0", "br-lan", "br-ext", "podman-k8s", "docker-net", "fc-br-lan"]) {
      expect(forNode({ name, ...onBridge(name) })).toBe("10.9.3.0/24");
    }
  });
});
