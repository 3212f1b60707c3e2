// A containerd of a node's own, at the places containerd has on every node, with one image imported. Its state is in the
// node's memory and it ends with the node.

import { waitUntil } from "../../src/sys/testing.ts";
import { ociArchive, testImage, testImageArchive } from "./image.ts";
import type { Node, NodeProcess } from "./node.ts";

/** containerd's CRI socket in the node. */
export const containerdSocket = "/run/containerd/containerd.sock";

const cri = `plugins."io.containerd.grpc.v1.cri"`;
const absentDevices = ["aufs", "btrfs", "devmapper", "zfs"].map((name) => `"io.containerd.snapshotter.v1.${name}"`);

/** The keys of a `[….cni]` table; none of them for containerd's own directories. */
export interface ContainerdDirs {
  readonly confDir: string;
  readonly binDir: string;
  /** What a CNI configuration is made from where there is none. @default nothing */
  readonly confTemplate?: string;
}

/** Mounts an image's layers. The one that copies them takes a second for each container of an image of 140 MB. */
const snapshotter = "overlayfs";

/** A config.toml with which containerd runs in a node. */
export function containerdConfig(dirs: ContainerdDirs | undefined): string {
  const cni =
    dirs === undefined
      ? ""
      : `\n[${cri}.cni]\n  conf_dir = "${dirs.confDir}"\n  bin_dir = "${dirs.binDir}"\n${templateKey(dirs)}`;
  return `version = 2
# They look for devices and tools that a node like this one lacks.
disabled_plugins = [${absentDevices.join(", ")}]

[${cri}]
  sandbox_image = "${testImage}"
  # Works also where root lacks CAP_SYS_RESOURCE, as in many CI sandboxes.
  restrict_oom_score_adj = true
  disable_apparmor = true

[${cri}.containerd]
  snapshotter = "${snapshotter}"
${cni}`;
}

function templateKey({ confTemplate }: ContainerdDirs): string {
  return confTemplate === undefined ? "" : `  conf_template = "${confTemplate}"\n`;
}

export interface StartContainerdOptions {
  /** As in `ContainerdDirs`. */
  readonly confTemplate?: string;
}

/** Gives containerd's CRI the image of an archive, unpacked as after a pull: else the first container waits for that. */
export async function importArchive(node: Node, archive: string, socket = containerdSocket): Promise<void> {
  const argv = ["ctr", "--address", socket, "-n", "k8s.io", "images", "import"];
  await node.must([...argv, `--snapshotter=${snapshotter}`, archive], { timeoutMs: 120_000 });
}

/** Starts it and resolves when CRI answers and the image is there. @throws Error with containerd's log when it does not come up. */
export async function startContainerd(node: Node, options: StartContainerdOptions = {}): Promise<NodeProcess> {
  const dirs = { confDir: "/etc/cni/net.d", binDir: "/opt/cni/bin", ...options };
  node.write("/etc/containerd/config.toml", containerdConfig(dirs));
  const containerd = await node.spawn(["containerd"]);
  let hasEnded = false;
  void containerd.exited.then(() => {
    hasEnded = true;
  });
  try {
    await importTestImage(node, containerdSocket, () => hasEnded);
  } catch (error) {
    throw new Error(`containerd does not come up:\n${containerd.output().slice(-4000)}`, { cause: error });
  }
  return containerd;
}

/** Waits for a containerd to serve `socket` and gives it the image. @param hasEnded tells that it will not */
export async function importTestImage(
  node: Node,
  socket: string,
  hasEnded: () => boolean = () => false,
): Promise<void> {
  node.write(testImageArchive, ociArchive());
  const ctr = ["ctr", "--address", socket];
  await waitUntil(
    `containerd serves ${socket}`,
    async () => {
      if (hasEnded()) throw new Error("containerd has ended");
      return node.exists(socket) && (await node.run([...ctr, "version"])).exitCode === 0;
    },
    20_000,
  );
  await importArchive(node, testImageArchive, socket);
}
