// A container image made by hand, since no registry is at hand: busybox-static and a link for each of its applets, as an
// OCI archive that `ctr images import` and `podman load` take.

import * as fs from "node:fs";

/** The reference it is imported under. */
export const testImage = "localhost/headcni/busybox:1";
/** Where the harness puts the archive in a node. */
export const testImageArchive = "/var/lib/headcni-test/image.tar";

/** The archive's bytes. A container that is given no command waits until it is killed. @throws Error without busybox. */
export function ociArchive(): Uint8Array {
  const layer = tar(rootFiles("/bin/busybox"));
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const config = json({
    architecture,
    os: "linux",
    config: { Cmd: ["sleep", "2147483647"], Env: ["PATH=/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [digest(layer)] },
  });
  const oci = "application/vnd.oci.image";
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: descriptor(`${oci}.config.v1+json`, config),
    layers: [descriptor(`${oci}.layer.v1.tar`, layer)],
  });
  const annotations = {
    "io.containerd.image.name": testImage,
    "org.opencontainers.image.ref.name": testImage,
  };
  const index = json({
    schemaVersion: 2,
    manifests: [
      { ...descriptor(`${oci}.manifest.v1+json`, manifest), platform: { architecture, os: "linux" }, annotations },
    ],
  });
  const blobs = [layer, config, manifest].map((data) => ({ name: `blobs/${digest(data).replace(":", "/")}`, data }));
  return tar([
    { name: "oci-layout", data: json({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", data: index },
    ...blobs,
  ]);
}

function rootFiles(busybox: string): TarEntry[] {
  const { exitCode, stdout } = Bun.spawnSync([busybox, "--list"], { stderr: "ignore" });
  if (exitCode !== 0) throw new Error(`${busybox} does not run: install busybox-static`);
  const applets = stdout
    .toString()
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const folders = ["bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"].map((name) => ({ name }));
  return [
    ...folders,
    { name: "bin/busybox", data: fs.readFileSync(busybox), mode: 0o755 },
    ...applets.map((name) => ({ name: `bin/${name}`, link: "busybox" })),
  ];
}

/** A folder when the name ends in a slash, a symbolic link when `link` is set, else a file. */
interface TarEntry {
  readonly name: string;
  readonly data?: Uint8Array | undefined;
  readonly link?: string | undefined;
  readonly mode?: number | undefined;
}

const block = 512;

function tar(entries: readonly TarEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const data = entry.data ?? new Uint8Array();
    parts.push(tarHeader(entry, data.length), data, new Uint8Array(-data.length & (block - 1)));
  }
  return Buffer.concat([...parts, new Uint8Array(2 * block)]);
}

/** One ustar header: fixed fields of octal digits, and a sum over all bytes with the sum's own field as spaces. */
function tarHeader(entry: TarEntry, size: number): Uint8Array {
  const header = Buffer.alloc(block);
  const isFolder = entry.name.endsWith("/");
  const put = (offset: number, text: string): number => header.write(text, offset, "latin1");
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, entry.name);
  put(100, octal(entry.mode ?? (isFolder ? 0o755 : 0o644), 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(148, " ".repeat(8));
  put(156, isFolder ? "5" : entry.link === undefined ? "0" : "2");
  put(157, entry.link ?? "");
  put(257, "ustar\x0000");
  put(
    148,
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
  );
  return header;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digest(data: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(data).digest("hex")}`;
}

function descriptor(mediaType: string, data: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digest(data), size: data.length };
}
