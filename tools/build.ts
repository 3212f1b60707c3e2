// Builds dist/: one executable an architecture, and the links they are called by.
//   bun tools/build.ts [amd64|arm64|host ...]   default: amd64 arm64

import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import manifest from "../package.json" with { type: "json" };
import { compileFlags } from "./compile-flags.ts";

const targets = { amd64: "bun-linux-x64", arm64: "bun-linux-arm64" } as const;
type Arch = keyof typeof targets;
const hostArch: Arch = process.arch === "arm64" ? "arm64" : "amd64";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const asked = process.argv.slice(2).map((name) => (name === "host" ? hostArch : name));
const archs = (asked.length > 0 ? asked : Object.keys(targets)).map((name) => {
  if (name !== "amd64" && name !== "arm64") throw new Error(`Unknown architecture "${name}": use amd64, arm64 or host`);
  return name;
});

mkdirSync(`${root}/dist`, { recursive: true });
try {
  for (const arch of archs) build(arch, arch === hostArch ? process.execPath : fetchRuntime(arch));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  // The executables carry their source maps; what Bun leaves beside them is a second copy.
  for (const name of readdirSync(`${root}/dist`)) if (name.endsWith(".map")) rmSync(`${root}/dist/${name}`);
}
for (const link of ["headcni", "headcni-daemon"]) {
  rmSync(`${root}/dist/${link}`, { force: true });
  symlinkSync(`headcni-linux-${hostArch}`, `${root}/dist/${link}`);
}

/**
 * The Bun that becomes part of another architecture's executable, by npm like all packages: Bun would fetch it by itself, past npm's
 * settings of registry, proxy and certificates. Gives its path.
 */
function fetchRuntime(arch: Arch): string {
  const name = { amd64: "bun-linux-x64", arm64: "bun-linux-aarch64" }[arch];
  const version = manifest.devDependencies.bun;
  const folder = `${root}/.cache/${name}-${version}`;
  const runtime = `${folder}/package/bin/bun`;
  if (existsSync(runtime)) return runtime;
  mkdirSync(folder, { recursive: true });
  console.log(`Fetching Bun ${version} for ${arch} from npm`);
  const packed = Bun.spawnSync(["npm", "pack", "--silent", `@oven/${name}@${version}`], {
    cwd: folder,
    stderr: "inherit",
  });
  if (packed.exitCode !== 0) throw new Error(`npm cannot fetch @oven/${name}@${version}: see its lines above`);
  const archive = packed.stdout.toString().trim();
  const unpacked = Bun.spawnSync(["tar", "-xzf", archive], { cwd: folder, stderr: "inherit" });
  if (unpacked.exitCode !== 0) throw new Error(`tar cannot unpack ${folder}/${archive}`);
  rmSync(`${folder}/${archive}`);
  return runtime;
}

/** @param runtime the Bun that is copied into the executable */
function build(arch: Arch, runtime: string): void {
  const outfile = `dist/headcni-linux-${arch}`;
  const { exitCode } = Bun.spawnSync(
    [
      process.execPath,
      "build",
      "src/main.ts",
      ...compileFlags,
      "--define",
      `HEADCNI_VERSION=${JSON.stringify(manifest.version)}`,
      "--define",
      `HEADCNI_COMMIT=${JSON.stringify(commit())}`,
      `--target=${targets[arch]}`,
      `--compile-executable-path=${runtime}`,
      "--outfile",
      outfile,
    ],
    { cwd: root, stdout: "inherit", stderr: "inherit" },
  );
  if (exitCode !== 0) throw new Error(`Building ${outfile} failed with exit code ${exitCode}`);
}

/** The commit that is checked out, marked when the tree differs from it; "unknown" outside a checkout. */
function commit(): string {
  const git = (...args: string[]) => Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head.exitCode !== 0) return "unknown";
  const isDirty = git("status", "--porcelain").stdout.toString() !== "";
  return head.stdout.toString().trim() + (isDirty ? "-dirty" : "");
}
