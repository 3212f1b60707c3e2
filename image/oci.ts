// An OCI image: layers, configuration and manifest as blobs named by their digest, an index over them (OCI image specification 1.1).

import { gzipSync } from "node:zlib";

export type Arch = "amd64" | "arm64";

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly data: Uint8Array;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: Arch; readonly os: "linux" };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Layer {
  /** Of the tar archive, as the image's configuration names it. */
  readonly diffId: string;
  readonly blob: Blob;
}

export interface ImageOptions {
  readonly arch: Arch;
  readonly layers: readonly Layer[];
  /** The `config` object of the image's configuration: Entrypoint, Env, Labels. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Image {
  readonly manifest: Descriptor;
  readonly blobs: readonly Blob[];
}

const oci = "application/vnd.oci.image";

/** @param archive a tar archive, which is compressed unless `isPlain` */
export function layer(archive: Uint8Array, { isPlain = false }: { readonly isPlain?: boolean } = {}): Layer {
  const blob = isPlain
    ? blobOf(`${oci}.layer.v1.tar`, archive)
    : // Node's zlib writes no time and no name into the header, so the same bytes come out.
      blobOf(`${oci}.layer.v1.tar+gzip`, gzipSync(archive, { level: 9 }));
  return { diffId: digest(archive), blob };
}

/** One platform's image. */
export function image({ arch, layers, config, annotations }: ImageOptions): Image {
  const configBlob = jsonBlob(`${oci}.config.v1+json`, {
    architecture: arch,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = jsonBlob(`${oci}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: descriptor(configBlob),
    layers: layers.map(({ blob }) => descriptor(blob)),
    ...(annotations === undefined ? {} : { annotations }),
  });
  return {
    manifest: { ...descriptor(manifest), platform: { architecture: arch, os: "linux" } },
    blobs: [...layers.map(({ blob }) => blob), configBlob, manifest],
  };
}

/** The image index over one image a platform. */
export function imageIndex(images: readonly Image[]): Blob {
  return jsonBlob(`${oci}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.index.v1+json`,
    manifests: images.map(({ manifest }) => manifest),
  });
}

export interface LayoutFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** The files of an OCI image layout whose one entry is `entry`, under the name by which runtimes import it. */
export function layoutFiles(entry: Descriptor, blobs: readonly Blob[], name: string): LayoutFile[] {
  // containerd reads the whole name; other tools read the other one, a name or a tag.
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
  const index = { schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests: [{ ...entry, annotations }] };
  const byName = new Map(blobs.map(({ digest, data }) => [`blobs/${digest.replace(":", "/")}`, data]));
  return [
    ...[...byName].map(([name, data]) => ({ name, data })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    { name: "index.json", data: json(index) },
    { name: "oci-layout", data: json({ imageLayoutVersion: "1.0.0" }) },
  ];
}

export function descriptor({ mediaType, digest, data }: Blob): Descriptor {
  return { mediaType, digest, size: data.length };
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, json(value));
}

function blobOf(mediaType: string, data: Uint8Array): Blob {
  return { mediaType, digest: digest(data), data };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digest(data: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(data).digest("hex")}`;
}
