// What an image is made of, as CycloneDX 1.6 in JSON: every Debian package of which it has a file, every Go module in the reference
// plugins, every npm package in the executable. No time and no serial number: the same image has the same list.

import manifest from "../package.json" with { type: "json" };
import { type JsonObject, printJson } from "../src/sys/json.ts";
import type { DebianPackage } from "./debian.ts";
import type { NpmPackage } from "./npm-packages.ts";
import type { Arch } from "./oci.ts";
import type { GoModule } from "./reference-plugins.ts";

export interface SbomInput {
  readonly arch: Arch;
  readonly debian: readonly DebianPackage[];
  readonly go: readonly GoModule[];
  readonly npm: readonly NpmPackage[];
  /** Version of Go's standard library in the plugins. */
  readonly goVersion: string;
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licence?: string | undefined;
}

export function sbom({ arch, debian, go, npm, goVersion }: SbomInput): string {
  const components: readonly Component[] = [
    ...debian.map(({ name, version, source }) => ({
      name,
      version,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&upstream=${encodeURIComponent(source)}`,
    })),
    { name: "stdlib", version: goVersion, purl: `pkg:golang/stdlib@${goVersion}`, licence: "BSD-3-Clause" },
    ...go.map(({ path, version }) => ({ name: path, version, purl: `pkg:golang/${path}@${version}` })),
    ...npm.map(({ name, version, licence }) => ({
      name,
      version,
      purl: `pkg:npm/${name.replace(/^@/, "%40")}@${version}`,
      licence,
    })),
  ];
  return printJson({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "container",
        "bom-ref": `headcni-${arch}`,
        name: manifest.name,
        version: manifest.version,
        licenses: [{ license: { id: manifest.license } }],
      },
    },
    components: components.map(({ name, version, purl, licence }) => ({
      type: "library",
      "bom-ref": purl,
      name,
      version,
      ...(licence === undefined ? {} : { licenses: [licenceOf(licence)] }),
      purl,
    })),
  });
}

function licenceOf(licence: string): JsonObject {
  return /[ ()]/.test(licence) ? { expression: licence } : { license: { id: licence } };
}
