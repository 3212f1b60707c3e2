// The files of the image, in three layers that change at their own pace: Debian's programs, the reference plugins, the executable.
// There is no shell. Licences lie in /usr/share/doc, the list of what is in it beside them.

import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { interpreterOf } from "../src/sys/process/elf.ts";
import { type DebianPackage, type DebianRoot, packageOf } from "./debian.ts";
import { librariesOf } from "./libraries.ts";
import type { NpmPackage } from "./npm-packages.ts";
import type { Arch } from "./oci.ts";
import { licencesOf, type ReferencePlugins } from "./reference-plugins.ts";
import type { TarEntry } from "./tar.ts";

/** Where the image has the plugins that its init container gives to a node. */
const pluginsDir = "usr/lib/cni";
const docs = "usr/share/doc";
const licencesDir = "usr/share/common-licenses";
const triplets: Readonly<Record<Arch, string>> = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** Path in the package's root, and the names it has in the image. The two backends of iptables are one program each, by its name. */
const programs: readonly (readonly [string, string, readonly string[]])[] = [
  ["bin/ip", "usr/sbin/ip", []],
  ["usr/sbin/nft", "usr/sbin/nft", []],
  [
    "usr/sbin/xtables-nft-multi",
    "usr/sbin/xtables-nft-multi",
    ["iptables", "ip6tables", "iptables-nft", "ip6tables-nft"],
  ],
  ["usr/sbin/xtables-legacy-multi", "usr/sbin/xtables-legacy-multi", ["iptables-legacy", "ip6tables-legacy"]],
];

export interface DebianLayer {
  readonly entries: readonly TarEntry[];
  /** Those of which a file is in it. */
  readonly packages: readonly DebianPackage[];
}

/** @param executable the compiled headcni, which needs a C library too */
export function debianLayer(arch: Arch, debian: DebianRoot, executable: string): DebianLayer {
  const triplet = triplets[arch];
  const dirs = [`${debian.dir}/lib/${triplet}`, `${debian.dir}/usr/lib/${triplet}`];
  const extensions = `usr/lib/${triplet}/xtables`;
  const names = readdirSync(`${debian.dir}/${extensions}`).sort();
  const sources = [...programs.map(([from]) => from), ...names.map((name) => `${extensions}/${name}`)];
  const libraries = librariesOf([...sources.map((path) => `${debian.dir}/${path}`), executable], dirs);
  const loader = interpreterOf(readFileSync(executable)) ?? "";
  const loaderName = loader.slice(loader.lastIndexOf("/") + 1);
  const entries: TarEntry[] = [
    ...["bin", "lib", "sbin"].map((name) => ({ name, link: `usr/${name}` })),
    // The loader has a path of its own on amd64, and lies in /lib on arm64.
    ...(loader.startsWith("/lib64/") ? [{ name: "lib64", link: "usr/lib64" }] : []),
    { name: `usr${loader}`, link: `${loader.startsWith("/lib64/") ? "../lib/" : ""}${triplet}/${loaderName}` },
    ...["dev/", "etc/", "proc/", "run/", "sys/", "tmp/", "usr/bin/"].map((name) => ({ name })),
    { name: "etc/passwd", data: Buffer.from("root:x:0:0:root:/:/usr/sbin/nologin\n") },
    { name: "etc/group", data: Buffer.from("root:x:0:\n") },
    ...programs.flatMap(([from, to, links]) => [
      { name: to, data: readFileSync(`${debian.dir}/${from}`), mode: 0o755 },
      ...links.map((link) => ({ name: `usr/sbin/${link}`, link: to.slice(to.lastIndexOf("/") + 1) })),
    ]),
    ...names.map((name) => copied(`${debian.dir}/${extensions}/${name}`, `${extensions}/${name}`)),
    ...[...libraries].map(([name, path]) => ({
      name: `usr/lib/${triplet}/${name}`,
      data: readFileSync(path),
      mode: 0o755,
    })),
  ];
  const files = [
    ...sources,
    ...[...libraries.values()].map((path) => path.slice(realpathSync(debian.dir).length + 1)),
    `${licencesDir}/GPL-2`,
  ];
  const packages = [...new Set(files.map((path) => packageOf(debian, path)))].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const licences = packages.map(({ name }) => {
    const path = `${docs}/${name}/copyright`;
    return { name: path, data: readFileSync(`${debian.dir}/${path}`) };
  });
  return { entries: [...entries, ...licences, ...licenceTexts(debian, licences)], packages };
}

/** Those that copyright files name by path, as Debian's do for a licence that many have; links with what they lead to. */
function licenceTexts({ dir }: DebianRoot, licences: readonly { readonly data: Uint8Array }[]): readonly TarEntry[] {
  const text = licences.map(({ data }) => Buffer.from(data).toString()).join("\n");
  const named = [...text.matchAll(/\/(usr\/share\/common-licenses\/[\w.+-]*\w)/g)].map(([, path = ""]) => path).sort();
  const entries = new Map<string, TarEntry>();
  for (const path of named) {
    if (!existsSync(`${dir}/${path}`)) continue;
    const entry = copied(`${dir}/${path}`, path);
    entries.set(path, entry);
    if (entry.link !== undefined) named.push(path.replace(/[^/]*$/, entry.link));
  }
  return [...entries.values()];
}

/** A link stays one. */
function copied(path: string, name: string): TarEntry {
  if (lstatSync(path).isSymbolicLink()) return { name, link: readlinkSync(path) };
  return { name, data: readFileSync(path) };
}

export function pluginsLayer({ dir, modules, version }: ReferencePlugins, goRoot: string): readonly TarEntry[] {
  return [
    ...readdirSync(dir).map((name) => ({
      name: `${pluginsDir}/${name}`,
      data: readFileSync(`${dir}/${name}`),
      mode: 0o755,
    })),
    { name: `${pluginsDir}/VERSION`, data: Buffer.from(`${version}\n`) },
    { name: `${docs}/go/LICENSE`, data: readFileSync(`${goRoot}/LICENSE`) },
    ...modules.flatMap((module) =>
      licencesOf(module).map((file) => ({
        name: `${docs}/go/${module.path}/${file}`,
        data: readFileSync(`${module.dir}/${file}`),
      })),
    ),
  ];
}

export interface ExecutableLayerOptions {
  readonly executable: string;
  readonly npm: readonly NpmPackage[];
  readonly sbom: string;
  /** The text of HeadCNI's own licence. */
  readonly licence: Uint8Array;
}

export function executableLayer({ executable, npm, sbom, licence }: ExecutableLayerOptions): readonly TarEntry[] {
  return [
    { name: "usr/local/bin/headcni", data: readFileSync(executable), mode: 0o755 },
    { name: "usr/local/bin/headcni-daemon", link: "headcni" },
    { name: `${docs}/headcni/LICENSE`, data: licence },
    { name: `${docs}/headcni/sbom.cdx.json`, data: Buffer.from(sbom) },
    ...npm.flatMap(({ name, version, dir, licenceFiles }) =>
      licenceFiles.map((file) => ({
        name: `${docs}/npm/${name}@${version}/${file}`,
        data: readFileSync(`${dir}/${file}`),
      })),
    ),
  ];
}
