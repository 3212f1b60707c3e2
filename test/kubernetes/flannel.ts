// flannel on a cluster, as its own manifest installs it: its programs and that manifest come from the directory that HEADCNI_FLANNEL names.
// No registry is asked: the image is the Debian layer of HeadCNI's, since flanneld needs iptables, with flannel's programs on top.

import * as fs from "node:fs";
import { type Descriptor, image, type Layer, layer, layoutFiles } from "../../image/oci.ts";
import { type TarEntry, tar } from "../../image/tar.ts";
import { join } from "../../src/sys/fs/path.ts";
import { importArchive } from "../harness/containerd.ts";
import { checkout } from "../harness/node.ts";
import type { KubernetesCluster } from "./cluster.ts";
import type { Operator } from "./operator.ts";

const flannelImage = "localhost/headcni/flannel:1";
const archivePath = "/var/lib/headcni-test/flannel-image.tar";
const names = ["flanneld", "install-conf", "flannel", "kube-flannel.yml"];

export interface Flannel {
  /** Directory with flannel's programs and its manifest. */
  readonly dir: string;
}

/** Where it is on this machine, or a sentence that says what is missing. */
export function findFlannel(): Flannel | string {
  const dir = process.env.HEADCNI_FLANNEL ?? "";
  if (dir === "") return "HEADCNI_FLANNEL names no directory with flannel's programs";
  const missing = names.filter((name) => !fs.existsSync(join(dir, name)));
  return missing.length === 0 ? { dir } : `HEADCNI_FLANNEL: ${dir} has no ${missing.join(", ")}`;
}

/** Its pods run on all nodes, over tailscale0 as on clusters over a VPN (`--iface`). */
export async function installFlannel(
  { nodes, plane }: KubernetesCluster,
  operator: Operator,
  { dir }: Flannel,
): Promise<void> {
  const archive = flannelArchive(dir);
  for (const { node } of nodes) {
    node.write(archivePath, archive);
    await importArchive(node, archivePath);
  }
  const manifest = fs
    .readFileSync(join(dir, "kube-flannel.yml"), "utf8")
    .replace(/image: \S+/g, `image: ${flannelImage}`)
    .replace(/^( *)- --kube-subnet-mgr$/m, "$&\n$1- --iface=tailscale0");
  plane.node.write("/srv/kube-flannel.yml", manifest);
  await operator.must("kubectl apply -f kube-flannel.yml");
  await operator.must("kubectl -n kube-flannel rollout status ds kube-flannel-ds --timeout=180s");
}

function flannelArchive(dir: string): Uint8Array {
  const program = (name: string, from: string): TarEntry => ({ name, data: fs.readFileSync(from), mode: 0o755 });
  const entries = [
    { name: "opt/" },
    { name: "opt/bin/" },
    program("opt/bin/cp", "/bin/busybox"),
    ...["iptables-restore", "iptables-save", "ip6tables-restore", "ip6tables-save"].map((name) => ({
      name: `opt/bin/${name}`,
      link: "/usr/sbin/xtables-nft-multi",
    })),
    program("opt/bin/flanneld", join(dir, "flanneld")),
    program("opt/bin/install-conf", join(dir, "install-conf")),
    program("flannel", join(dir, "flannel")),
  ];
  const { manifest, blobs } = image({
    arch: process.arch === "arm64" ? "arm64" : "amd64",
    layers: [debianLayer(), layer(tar(entries), { isPlain: true })],
    config: { Env: ["PATH=/opt/bin:/usr/sbin:/usr/bin"], WorkingDir: "/" },
  });
  return tar(layoutFiles(manifest, blobs, flannelImage));
}

/** The first of the layers of dist/image, an OCI layout with an index of one image. */
function debianLayer(): Layer {
  const dir = `${checkout}/dist/image`;
  const blob = (digest: string): Uint8Array => fs.readFileSync(join(dir, "blobs", digest.replace(":", "/")));
  const json = (digest: string) => JSON.parse(Buffer.from(blob(digest)).toString());
  const layout: { manifests: readonly [Descriptor] } = JSON.parse(fs.readFileSync(join(dir, "index.json"), "utf8"));
  const index: { manifests: readonly [Descriptor] } = json(layout.manifests[0].digest);
  const manifest: { layers: readonly [Descriptor]; config: Descriptor } = json(index.manifests[0].digest);
  const config: { rootfs: { diff_ids: readonly [string] } } = json(manifest.config.digest);
  const [{ mediaType, digest }] = manifest.layers;
  return { diffId: config.rootfs.diff_ids[0], blob: { mediaType, digest, data: blob(digest) } };
}
