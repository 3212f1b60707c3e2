// Of several CNI configurations in a directory a runtime takes the first. Behind that of a CNI with a plugin of its own a bridge's, left by
// a tutorial, an image or a CNI before it, has given no pod an address, and the range in it is often the same on every node.

import { originalName } from "../node-state/aside-name.ts";
import { type NetworkConfig, readNetworkConfig, typeOfPlugin } from "../spec/config-file.ts";
import { expected } from "../sys/errors.ts";
import { basename } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { maxSourceBytes } from "./read-text.ts";

/** Plugins of CNIs that make a cluster's network; meta-plugins, which call another configuration, are none. */
const clusterPlugins: ReadonlySet<string> = new Set([
  "antrea",
  "aws-cni",
  "azure-vnet",
  "calico",
  "cilium-cni",
  "flannel",
  "kube-ovn",
  "ovn-k8s-cni-overlay",
  "weave-net",
]);

/** What a runtime makes of a file's bytes, under the name it had before it was moved aside. */
export function loadConflist(file: string, bytes: Uint8Array): NetworkConfig {
  const name = basename(file);
  return readNetworkConfig(originalName(name)?.name ?? name, bytes);
}

/**
 * The first file that makes a cluster's network by a plugin of its own.
 * @param files in the order a runtime would have
 */
export function findClusterConflist(system: System, files: readonly string[]): string | undefined {
  return files.find((file) => {
    try {
      const bytes = system.files.readIfPresent(file, maxSourceBytes);
      if (bytes === undefined) return false;
      const { plugins, problem } = loadConflist(file, bytes);
      return problem === undefined && plugins.some((plugin) => clusterPlugins.has(typeOfPlugin(plugin)));
    } catch (error) {
      expected(error);
      return false;
    }
  });
}
