// A container image made by hand, since no registry is at hand: busybox-static and a link for each of its applets, as an
// OCI archive that `ctr images import` and `podman load` take.

import * as fs from "node:fs";
import { type ImageOptions, image, layer, layoutFiles } from "../../image/oci.ts";
import { type TarEntry, tar } from "../../image/tar.ts";

/** The reference it is imported under. */
export const testImage = "localhost/headcni/busybox:1";
/** Where the harness puts the archive in a node. */
export const testImageArchive = "/var/lib/headcni-test/image.tar";

/** The archive's bytes. A container that is given no command waits until it is killed. @throws Error without busybox. */
export function ociArchive(): Uint8Array {
  return archiveOf(testImage, rootFiles("/bin/busybox"), { Cmd: ["sleep", "2147483647"], Env: ["PATH=/bin"] });
}

/** An image of one layer as an archive. @param config as `image` of image/oci.ts takes it */
export function archiveOf(reference: string, entries: readonly TarEntry[], config: ImageOptions["config"]): Uint8Array {
  const { manifest, blobs } = image({
    arch: process.arch === "arm64" ? "arm64" : "amd64",
    layers: [layer(tar(entries), { isPlain: true })],
    config: { WorkingDir: "/", ...config },
  });
  return tar(layoutFiles(manifest, blobs, reference));
}

function rootFiles(busybox: string): TarEntry[] {
  const { exitCode, stdout } = Bun.spawnSync([busybox, "--list"], { stderr: "ignore" });
  if (exitCode !== 0) throw new Error(`${busybox} does not run: install busybox-static`);
  const applets = stdout
    .toString()
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const dirs = ["bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"].map((name) => ({ name }));
  return [
    ...dirs,
    { name: "bin/busybox", data: fs.readFileSync(busybox), mode: 0o755 },
    ...applets.map((name) => ({ name: `bin/${name}`, link: "busybox" })),
  ];
}
