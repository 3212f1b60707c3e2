// What this kernel does with packets that are not its own, as /proc/sys says, and which of it keeps pods from their network. The
// daemon changes none of it: the bridge plugin turns forwarding on with each pod, and the rest is the operator's.

import type { Family } from "../cidr/addr.ts";
import type { System } from "../sys/system.ts";

/** By key as `sysctl` names it; undefined: the kernel has none, or it cannot be read. */
export interface Sysctls {
  readonly [key: string]: string | undefined;
}

export const forwardingKeys: Readonly<Record<Family, string>> = {
  ipv4: "net.ipv4.ip_forward",
  ipv6: "net.ipv6.conf.all.forwarding",
};

/** Whether bridged packets pass iptables: a Service's answer from a pod of the same node depends on it. */
export const bridgeNetfilterKeys: Readonly<Record<Family, string>> = {
  ipv4: "net.bridge.bridge-nf-call-iptables",
  ipv6: "net.bridge.bridge-nf-call-ip6tables",
};

export function readSysctls({ files }: Pick<System, "files">): Sysctls {
  const keys = [...Object.values(forwardingKeys), ...Object.values(bridgeNetfilterKeys)];
  return Object.fromEntries(
    keys.map((key) => {
      const bytes = files.readIfPresent(`/proc/sys/${key.replaceAll(".", "/")}`, 64);
      return [key, bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim()];
    }),
  );
}
