// Builds the container image: an OCI layout in dist/image, the same as one archive, and the list of what is in it. The executables
// come from `make build`, the rest from Debian's and Go's registries; there is no container engine in it.
//   bun image/build.ts [amd64|arm64|host ...]   default: amd64 arm64

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import manifest from "../package.json" with { type: "json" };
import { assembleLayers } from "./assemble.ts";
import { type Arch, descriptor, type Image, image, imageIndex, layer, layoutFiles } from "./oci.ts";
import { tar, withDirs } from "./tar.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const hostArch: Arch = process.arch === "arm64" ? "arm64" : "amd64";
/** The name the chart's values have, for nodes that import the archive. */
const name = `localhost/headcni:${manifest.version}`;
const layoutDir = `${root}/dist/image`;
const archive = `${root}/dist/headcni-image.tar`;

try {
  const archs = process.argv.slice(2).map((name) => (name === "host" ? hostArch : name));
  const images = (archs.length > 0 ? archs : ["amd64", "arm64"]).map((arch) => {
    if (arch !== "amd64" && arch !== "arm64")
      throw new Error(`Unknown architecture "${arch}": use amd64, arm64 or host`);
    return build(arch);
  });
  write(images);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

function build(arch: Arch): Image {
  const executable = `${root}/dist/headcni-linux-${arch}`;
  if (!existsSync(executable)) throw new Error(`dist/headcni-linux-${arch} is missing: run make build`);
  const { layers: contents, list } = assembleLayers({ arch, executable, cache: `${root}/.cache/image/${arch}` });
  writeFileSync(`${root}/dist/headcni-image-${arch}.cdx.json`, list);
  const layers = contents.map((entries) => layer(tar(entries)));
  const annotations = {
    "org.opencontainers.image.title": manifest.name,
    "org.opencontainers.image.description": manifest.description,
    "org.opencontainers.image.version": manifest.version,
    "org.opencontainers.image.licenses": manifest.license,
  };
  const config = {
    Entrypoint: ["/usr/local/bin/headcni"],
    Env: ["PATH=/usr/local/bin:/usr/sbin:/usr/bin"],
    Labels: annotations,
    WorkingDir: "/",
  };
  const built = image({ arch, layers, config, annotations });
  const mib = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  const sizes = layers.map(({ blob }) => blob.data.length);
  console.log(`linux/${arch}: ${mib(sizes.reduce((a, b) => a + b))} compressed (${sizes.map(mib).join(" + ")})`);
  return built;
}

function write(images: readonly Image[]): void {
  const index = imageIndex(images);
  const blobs = [...images.flatMap(({ blobs }) => blobs), index];
  const files = layoutFiles(descriptor(index), blobs, name);
  rmSync(layoutDir, { recursive: true, force: true });
  mkdirSync(`${layoutDir}/blobs/sha256`, { recursive: true });
  for (const { name, data } of files) writeFileSync(`${layoutDir}/${name}`, data);
  writeFileSync(archive, tar(withDirs(files)));
  console.log(`
dist/image                an OCI layout, ${index.digest}
dist/headcni-image.tar    the same as one archive
dist/headcni-image-*.cdx.json   what is in it (CycloneDX)

To push it to a registry, with any of
  crane push --index dist/image REGISTRY/headcni:${manifest.version}
  skopeo copy --all oci:dist/image docker://REGISTRY/headcni:${manifest.version}
and install with --set image.repository=REGISTRY/headcni. Without a registry, on each node:
  ctr -n k8s.io images import headcni-image.tar     (k3s: k3s ctr images import headcni-image.tar)`);
}
