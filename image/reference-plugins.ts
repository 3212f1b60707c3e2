// The CNI project's reference plugins that pods need, built from Go's module registry: static, so that they run on any host. Their
// versions and those of all they are made of are pinned in reference-plugins/go.mod and go.sum.

import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import type { Arch } from "./oci.ts";
import { run } from "./run.ts";

const moduleDir = new URL("reference-plugins", import.meta.url).pathname;
const upstream = "github.com/containernetworking/plugins";
const packages = ["ipam/host-local", "main/bridge", "main/loopback", "meta/portmap"].map(
  (path) => `${upstream}/plugins/${path}`,
);

export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** Where its source and its licence lie on this machine. */
  readonly dir: string;
}

export interface ReferencePlugins {
  /** Upstream's version, without the v. */
  readonly version: string;
  /** Directory with one file a plugin. */
  readonly dir: string;
  readonly modules: readonly GoModule[];
}

/** Builds them into `cache`; what Go has built before comes from its own cache. @throws Error saying what is missing */
export function referencePlugins(arch: Arch, cache: string): ReferencePlugins {
  const dir = `${cache}/plugins`;
  mkdirSync(dir, { recursive: true });
  checkGo();
  const env = { CGO_ENABLED: "0", GOOS: "linux", GOARCH: arch, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" };
  const version = run(["go", "list", "-m", "-f", "{{.Version}}", upstream], { cwd: moduleDir, env }).trim();
  const buildVersion = `-X ${upstream}/pkg/utils/buildversion.BuildVersion=${version}`;
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", `-s -w -buildid= ${buildVersion}`];
  console.log(`Building the CNI project's plugins ${version} for ${arch}`);
  run(["go", "build", ...flags, "-o", `${dir}/`, ...packages], { cwd: moduleDir, env });
  const listed = run(
    ["go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}", ...packages],
    {
      cwd: moduleDir,
      env,
    },
  );
  const modules = new Map<string, GoModule>();
  for (const line of listed.split("\n")) {
    const [path = "", version = "", dir = ""] = line.split("\t");
    if (path !== "") modules.set(path, { path, version, dir });
  }
  const byPath = [...modules.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { version: version.replace(/^v/, ""), dir, modules: byPath };
}

/** What a machine without Go, or with an older one, is to be told. */
function checkGo(): void {
  const needed = /^go (\S+)$/m.exec(readFileSync(`${moduleDir}/go.mod`, "utf8"))?.[1] ?? "";
  const remedy = `install Go ${needed} or later (the plugins are built from its module registry) and run this again`;
  if (Bun.which("go") === null) throw new Error(`Go is not on PATH: ${remedy}`);
  const found = run(["go", "env", "GOVERSION"]).trim().replace(/^go/, "");
  if (Bun.semver.order(found, needed) < 0) throw new Error(`Go is ${found}: ${remedy}`);
}

/** The licences of a module; some have more than one file. */
export function licencesOf({ dir }: GoModule): string[] {
  if (dir === "" || !existsSync(dir)) return [];
  return readdirSync(dir).filter((name) => /^(LICEN[CS]E|COPYING|NOTICE)/i.test(name));
}
