// The host's own name, which a kubelet takes when nothing else is set. Pure.

import { hostnameFile, readHostname } from "../sys/hostname.ts";
import { given, type NodeReadings, type Place, type PlaceReading } from "./readings.ts";

const kernelPlace: Place = {
  source: "the kernel's host name",
  by: "host",
  where:
    "`/proc/sys/kernel/hostname`; after `/etc/hostname` where `--root` names a directory that plays the node, of which this kernel knows nothing",
  read: (node) => given(node.kernelName()),
};
const hostnamePlace: Place = { source: hostnameFile, by: "host", where: `\`${hostnameFile}\``, read: byHostnameFile };

/**
 * The kubelet, k3s and kubeadm ask the kernel for the host's name; of a node that is a directory the kernel of this machine knows
 * nothing.
 */
export function hostPlaces(isThisMachine: boolean): readonly Place[] {
  return isThisMachine ? [kernelPlace, hostnamePlace] : [hostnamePlace, kernelPlace];
}

/** As a program takes it that was given no name; empty where there is none. */
export function hostName(node: NodeReadings): string {
  const readings = hostPlaces(node.isThisMachine).map(({ read }) => read(node));
  return (
    readings
      .map((reading) => (reading.kind === "said" ? reading.written.value.trim() : ""))
      .find((name) => name !== "") ?? ""
  );
}

function byHostnameFile({ text }: NodeReadings): PlaceReading {
  const read = text(hostnameFile);
  if (read.kind === "fault") return { kind: "skipped", reason: read.why, file: hostnameFile, isDoubtful: false };
  if (read.value === undefined) return { kind: "absent", reason: "does not exist", file: hostnameFile };
  const found = readHostname(read.value);
  if (found === undefined) return { kind: "absent", reason: "names none", file: hostnameFile };
  return { kind: "said", written: { value: found.name, file: hostnameFile, line: found.line } };
}
