// Programs and their libraries from Debian's packages, for any architecture: apt with state, cache and status of its own, so that the
// host's is as it was. The host's sources say which release; apt checks signatures and digests.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Arch } from "./oci.ts";
import { run } from "./run.ts";

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** The source package as `name@version`, which security advisories go by. */
  readonly source: string;
  /** Paths of its files, from the root, without the leading slash. */
  readonly files: ReadonlySet<string>;
}

export interface DebianRoot {
  /** The packages unpacked over each other. */
  readonly dir: string;
  readonly packages: readonly DebianPackage[];
}

/** base-files has the texts of the licences that other packages name by path. */
const wanted = ["base-files", "iproute2", "iptables", "nftables"];

/** Fetches what is not in `cache` already, and unpacks it. @throws Error with apt's words */
export function debianRoot(arch: Arch, cache: string): DebianRoot {
  const archives = `${cache}/apt/archives`;
  const dir = `${cache}/root`;
  const marker = `${cache}/fetched`;
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== wanted.join(" ")) {
    rmSync(dir, { recursive: true, force: true });
    rmSync(`${cache}/listings`, { recursive: true, force: true });
    fetchPackages(arch, cache);
    writeFileSync(marker, wanted.join(" "));
  }
  const debs = readdirSync(archives).filter((name) => name.endsWith(".deb"));
  const listings = `${cache}/listings`;
  if (!existsSync(dir) || !existsSync(listings)) unpack(archives, debs, { dir, listings });
  return { dir, packages: debs.sort().map((deb) => readPackage(`${archives}/${deb}`, `${listings}/${deb}`)) };
}

/** Over each other into `dir`, writing down which files came with each: to unpack one a second time for that takes as long again. */
function unpack(
  archives: string,
  debs: readonly string[],
  { dir, listings }: { readonly dir: string; readonly listings: string },
): void {
  const listed = debs.map((deb) => ({ deb, files: run(["dpkg-deb", "--vextract", `${archives}/${deb}`, dir]) }));
  mkdirSync(listings, { recursive: true });
  for (const { deb, files } of listed) writeFileSync(`${listings}/${deb}`, files);
}

function fetchPackages(arch: Arch, cache: string): void {
  for (const dir of ["state/lists/partial", "apt/archives/partial"]) mkdirSync(`${cache}/${dir}`, { recursive: true });
  // No package is installed as far as this apt knows: it fetches all that the wanted ones depend on.
  writeFileSync(`${cache}/status`, "");
  const settings = {
    "APT::Architecture": arch,
    "APT::Architectures::": arch,
    "APT::Sandbox::User": "root",
    "APT::Install-Recommends": "false",
    "Debug::NoLocking": "1",
    "Dir::Cache": `${cache}/apt`,
    "Dir::State": `${cache}/state`,
    "Dir::State::status": `${cache}/status`,
  };
  const apt = ["apt-get", "-qq", ...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
  console.log(`Fetching ${wanted.join(", ")} and what they need for ${arch} from Debian`);
  run([...apt, "update"]);
  run([...apt, "install", "--yes", "--download-only", ...wanted]);
}

function readPackage(deb: string, listing: string): DebianPackage {
  const fields = ["Package", "Version", "source:Package", "source:Version"].map((field) => `\${${field}}`);
  const shown = run(["dpkg-deb", "--show", `--showformat=${fields.join("\\n")}`, deb]);
  const [name = "", version = "", ...source] = shown.split("\n");
  return {
    name,
    version,
    source: source.join("@"),
    files: new Set(
      readFileSync(listing, "utf8")
        .split("\n")
        .map((path) => path.replace(/^\.\//, "")),
    ),
  };
}

/** The package a file of the root came with. `path` without the leading slash. */
export function packageOf({ packages }: DebianRoot, path: string): DebianPackage {
  const found = packages.find(({ files }) => files.has(path));
  if (found === undefined) throw new Error(`No package has /${path}`);
  return found;
}
