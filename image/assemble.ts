// What the image of one architecture is made of, layer by layer: the same bytes from the same executable and packages, wherever and
// whenever it is made.

import { mkdirSync, readFileSync } from "node:fs";
import { debianLayer, executableLayer, pluginsLayer } from "./contents.ts";
import { debianRoot } from "./debian.ts";
import { npmPackages } from "./npm-packages.ts";
import type { Arch } from "./oci.ts";
import { referencePlugins } from "./reference-plugins.ts";
import { run } from "./run.ts";
import { sbom } from "./sbom.ts";
import { type TarEntry, withDirs } from "./tar.ts";

const licence = new URL("../LICENSE", import.meta.url).pathname;

export interface AssembleOptions {
  readonly arch: Arch;
  /** The compiled headcni. */
  readonly executable: string;
  /** Directory for what is fetched and built. */
  readonly cache: string;
}

export interface AssembledLayers {
  /** Debian's programs, the reference plugins, the executable. */
  readonly layers: readonly (readonly TarEntry[])[];
  /** What is in them, as CycloneDX. */
  readonly list: string;
}

/** @throws Error with what a program said that is missing or fails */
export function assembleLayers({ arch, executable, cache }: AssembleOptions): AssembledLayers {
  mkdirSync(cache, { recursive: true });
  const plugins = referencePlugins(arch, cache);
  const { entries, packages } = debianLayer(arch, debianRoot(arch, cache), executable);
  const npm = npmPackages();
  const goVersion = run(["go", "env", "GOVERSION"]).trim().replace(/^go/, "");
  const list = sbom({ arch, debian: packages, go: plugins.modules, npm, goVersion });
  const layers = [
    entries,
    pluginsLayer(plugins, run(["go", "env", "GOROOT"]).trim()),
    executableLayer({ executable, npm, sbom: list, licence: readFileSync(licence) }),
  ];
  return { layers: layers.map(withDirs), list };
}
