// The places the cluster goes by: certificates, what k3s, RKE2 and the kubelet were told, kubeadm's file. Pure.

import { isTrue } from "../programs/program-settings.ts";
import type { RancherName } from "../programs/services.ts";
import { isLeftOpen } from "../programs/word.ts";
import { dirname, join } from "../sys/fs/path.ts";
import { readCertificateText } from "./certificate.ts";
import type { CertificateFacts } from "./der.ts";
import { hostName } from "./host-places.ts";
import { readKubeconfigUser, readNodeRegistrations } from "./kubeconfig.ts";
import {
  doubtful,
  type NodeReadings,
  type Place,
  type PlaceReading,
  type ProgramSettings,
  pathOf,
  said,
  type Written,
} from "./readings.ts";

/** Where k3s and RKE2 keep what `with-node-id` puts behind the name. */
const nodeIdFile = "/etc/rancher/node/id";
const kubeadmFile = "/etc/kubernetes/kubeadm-config.yaml";

const titles: Readonly<Record<RancherName, string>> = { k3s: "k3s", rke2: "RKE2" };

/** In the order in which the cluster believes them. */
export const clusterPlaces: readonly Place[] = [
  distributionCertificate("k3s"),
  distributionCertificate("rke2"),
  {
    source: "certificate of the kubelet",
    by: "cluster",
    where: "`kubelet-client-current.pem` in `--cert-dir`, `/var/lib/kubelet/pki`: its first certificate's subject",
    read: (node) => byCertificate(node, currentCertificate(node)),
  },
  {
    source: "kubeconfig of the kubelet",
    by: "cluster",
    where: "`--kubeconfig`, `/etc/kubernetes/kubelet.conf`: certificate or name of the user of the current context",
    read: byKubeconfig,
  },
  ...distributionSettings("k3s"),
  ...distributionSettings("rke2"),
  {
    source: "cloud provider of the kubelet",
    by: "cluster",
    where: "`--cloud-provider` other than `external` (Kubernetes before 1.33): the cloud's name, which no file says",
    read: byCloud,
  },
  {
    source: "--hostname-override of the kubelet",
    by: "cluster",
    where:
      "its command line, unit, `/var/lib/kubelet/kubeadm-flags.env`, `/etc/default/kubelet`, `/etc/sysconfig/kubelet`",
    read: (node) => nameIn(node.settings("kubelet").one("hostname-override"), "is not set"),
  },
  {
    source: "nodeRegistration.name of kubeadm",
    by: "cluster",
    where: `\`${kubeadmFile}\``,
    read: byKubeadm,
  },
];

function distributionCertificate(name: RancherName): Place {
  return {
    source: `certificate of the kubelet of ${titles[name]}`,
    by: "cluster",
    where: `\`agent/client-kubelet.crt\` in \`--data-dir\`, \`/var/lib/rancher/${name}\`: its subject`,
    read: (node) =>
      byCertificate(
        node,
        join(pathOf(node.settings(name).one("data-dir")) ?? `/var/lib/rancher/${name}`, "agent/client-kubelet.crt"),
      ),
  };
}

function distributionSettings(name: RancherName): readonly Place[] {
  const title = titles[name];
  return [
    {
      source: `kubelet-arg of ${title}`,
      by: "cluster",
      where: `\`hostname-override\` in \`kubelet-arg\` of its flags and files`,
      read: (node) =>
        nameIn(node.settings(name).passedOn("kubelet-arg", "hostname-override"), "sets no hostname-override"),
    },
    {
      source: `node-name of ${title}`,
      by: "cluster",
      where: `\`node-name\` of its flags, variables and files; with \`with-node-id\` that, or the host's name, then \`-\` and what stands in \`${nodeIdFile}\``,
      read: (node) => byRancherName(node, node.settings(name)),
    },
  ];
}

function byCertificate(node: NodeReadings, file: string): PlaceReading {
  const read = node.certificate(file);
  if (read.kind === "fault") return doubtful(read.why, { file });
  if (read.value === undefined) return { kind: "absent", reason: "does not exist", file };
  return ofCertificate(read.value, { file }, node.nowMs);
}

/** One that is over is believed by no server, and is what a former life of the machine left, or is replaced in a moment. */
function ofCertificate(
  { commonName, notAfterMs }: CertificateFacts,
  place: Omit<Written, "value">,
  nowMs: number,
): PlaceReading {
  const name = nodeOfUser(commonName);
  if (name === undefined) return { kind: "absent", reason: "is not a node's", file: place.file };
  if (notAfterMs >= nowMs) return { kind: "said", written: { value: name, ...place } };
  const reason = `says "${name}", and expired on ${new Date(notAfterMs).toISOString().slice(0, 10)}`;
  return { kind: "skipped", reason, ...place, isDoubtful: false };
}

/** The user a node is to the API server (https://kubernetes.io/docs/reference/access-authn-authz/node/). */
function nodeOfUser(user: string | undefined): string | undefined {
  return user?.startsWith("system:node:") === true ? user.slice("system:node:".length) : undefined;
}

function currentCertificate(node: NodeReadings): string {
  return join(pathOf(node.settings("kubelet").one("cert-dir")) ?? "/var/lib/kubelet/pki", "kubelet-client-current.pem");
}

function byKubeconfig(node: NodeReadings): PlaceReading {
  const file = pathOf(node.settings("kubelet").one("kubeconfig")) ?? "/etc/kubernetes/kubelet.conf";
  const read = node.text(file);
  if (read.kind === "fault") return doubtful(read.why, { file });
  if (read.value === undefined) return { kind: "absent", reason: "does not exist", file };
  // As kubeadm leaves it on a worker, and not worth the YAML library, which a first pass there needs for nothing else.
  if (namesOnly(read.value, currentCertificate(node))) {
    return { kind: "absent", reason: "names no node but by the kubelet's certificate", file };
  }
  const user = readKubeconfigUser(read.value);
  if (user === undefined) return { kind: "absent", reason: "its current context names no user", file };
  const { name, line, certificate, certificateFile } = user;
  if (certificate !== undefined) {
    const facts = readCertificateText(certificate);
    if (facts.kind === "ok") return ofCertificate(facts.value, { file, line }, node.nowMs);
  }
  if (certificateFile !== undefined) {
    const path = certificateFile.startsWith("/") ? certificateFile : join(dirname(file), certificateFile);
    const facts = node.certificate(path);
    if (facts.kind === "ok" && facts.value !== undefined) return ofCertificate(facts.value, { file: path }, node.nowMs);
    if (facts.kind === "fault" && nodeOfUser(name) === undefined) return doubtful(facts.why, { file: path });
  }
  const text = nodeOfUser(name);
  if (text !== undefined) return { kind: "said", written: { value: text, file, line } };
  return { kind: "absent", reason: "its user is not named after a node", file };
}

/** Whether a kubeconfig holds no name of a node and no certificate but this file. */
function namesOnly(text: string, certificate: string): boolean {
  if (text.includes("system:node:")) return false;
  const keys = [...text.matchAll(/client-certificate[^\n]*/g)].map(([line]) => line.trim());
  return keys.length > 0 && keys.every((line) => line === `client-certificate: ${certificate}`);
}

/** A value of a command line, unless something is yet to be put into it: then it is no name, and no reason to call it a wrong one. */
function nameIn(written: Written | undefined, otherwise: string): PlaceReading {
  if (written === undefined || !isLeftOpen(written.value)) return said(written, otherwise);
  const shown = written.value.length > 80 ? `${written.value.slice(0, 80)}…` : written.value;
  return doubtful(`is ${shown}, which cannot be read here: a shell or systemd puts something in`, written);
}

function byRancherName(node: NodeReadings, settings: ProgramSettings): PlaceReading {
  const nodeName = settings.one("node-name");
  const withNodeId = settings.one("with-node-id");
  if (withNodeId === undefined || !isTrue(withNodeId)) return nameIn(nodeName, "is not set");
  if (nodeName !== undefined && isLeftOpen(nodeName.value)) return nameIn(nodeName, "is not set");
  const id = node.text(nodeIdFile);
  const place = { file: withNodeId.file, line: withNodeId.line };
  if (id.kind === "fault") return doubtful(`has with-node-id set, and ${nodeIdFile} ${id.why}`, place);
  const shown = id.value?.trim() ?? "";
  if (shown === "") return doubtful(`has with-node-id set, and ${nodeIdFile} is made at its first start`, place);
  const named = nodeName?.value.trim() ?? "";
  if (named !== "") return { kind: "said", written: { ...nodeName, value: `${named}-${shown}` } };
  return { kind: "said", written: { ...place, value: `${hostName(node)}-${shown}` } };
}

function byCloud(node: NodeReadings): PlaceReading {
  const named = said(node.settings("kubelet").one("cloud-provider"), "is not set");
  if (named.kind !== "said") return named;
  if (named.written.value === "external")
    return { kind: "absent", reason: "is external, which names no node", file: named.written.file };
  return doubtful(`is ${named.written.value}, which names the node in a way that no file says`, named.written);
}

function byKubeadm({ text }: NodeReadings): PlaceReading {
  const read = text(kubeadmFile);
  if (read.kind === "fault") return doubtful(read.why, { file: kubeadmFile });
  if (read.value === undefined) return { kind: "absent", reason: "does not exist", file: kubeadmFile };
  const [first] = readNodeRegistrations(read.value);
  if (first === undefined) return { kind: "absent", reason: "sets none", file: kubeadmFile };
  return said({ value: first.name, file: kubeadmFile, line: first.line }, "sets none");
}
