// The ranges that k3s and RKE2 give a cluster whose server was told none (k3s, pkg/util/net.go, GetDefaultAddresses). Not a fact of this
// node's cluster where it is an agent, whose server's flags are elsewhere (RKE2 writes them into its kube-proxy's manifest there, k3s into
// none); and no answer at all where something could not be read.

import { type Prefix, parsePrefix, tryParsePrefix } from "../../cidr/prefix.ts";
import { kindOf } from "../../programs/look.ts";
import type { NodePrograms } from "../../programs/node-programs.ts";
import { kubeProxyManifest, type RancherSettings } from "../../programs/rancher-settings.ts";
import type { System } from "../../sys/system.ts";

export type RancherDefault =
  /** `by` tells in words what was looked at. */
  | { readonly kind: "default"; readonly cluster: Prefix; readonly service: Prefix; readonly by: string }
  /** `why` is a sentence. */
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "none" };

const ipv4 = { cluster: parsePrefix("10.42.0.0/16"), service: parsePrefix("10.43.0.0/16") };
const ipv6 = { cluster: parsePrefix("fd00:42::/56"), service: parsePrefix("fd00:43::/112") };
const kubeadmPaths = ["/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/kubelet.conf"] as const;
const titles = { k3s: "k3s", rke2: "RKE2" } as const;

/** What the program that runs the node gives a cluster; none where neither of them does. */
export function rancherDefault(system: System, { k3s, rke2 }: NodePrograms): RancherDefault {
  if (kubeadmPaths.some((path) => kindOf(system, path) !== undefined)) return { kind: "none" };
  const program = [k3s, rke2].find((each) => runsNode(system, each));
  if (program === undefined) return { kind: "none" };
  const { name, settings, unread, files, config, role } = program;
  const title = titles[name];
  const [first] = unread;
  if (first !== undefined) {
    return {
      kind: "unknown",
      why: `${first}: could not be read as ${title} reads it, so its cluster CIDR is not known`,
    };
  }
  const isIpv6 = tryParsePrefix(`${settings.all("node-ip")[0]?.value.split(",")[0]}/128`)?.family === "ipv6";
  const [unit] = files;
  const looked = unit === undefined ? `no service of it, and ${config}` : `${unit} and ${config}`;
  const by =
    role === "agent"
      ? `the default of ${title}, whose server may have been told another: ${name === "rke2" ? `${kubeProxyManifest(program)} does` : "an agent's files do"} not say`
      : `the default of ${title}: ${looked} say no other`;
  return { kind: "default", ...(isIpv6 ? ipv6 : ipv4), by };
}

function runsNode(system: System, { name, dataDir, isGiven }: RancherSettings): boolean {
  const paths = [`${dataDir}/agent`, ...(name === "k3s" ? ["/etc/rancher/k3s/k3s.yaml"] : [])];
  return isGiven || paths.some((path) => kindOf(system, path) !== undefined);
}
