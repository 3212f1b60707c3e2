// The npm packages that the executable is compiled from: what package.json names, and what that needs, as installed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import manifest from "../package.json" with { type: "json" };

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as its package.json says. */
  readonly licence: string | undefined;
  readonly dir: string;
  /** Names of its files that hold a licence; of one that has none, its package.json, which names it. */
  readonly licenceFiles: readonly string[];
}

interface PackageJson {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** By name. Bun is one of them: its runtime is part of the executable. */
export function npmPackages(): NpmPackage[] {
  const found = new Map<string, NpmPackage>();
  const queue: [string, string][] = [...Object.keys(manifest.dependencies), "bun"].map((name) => [name, root]);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [name, from] = next;
    const dir = resolve(name, from);
    if (found.has(dir)) continue;
    const {
      version,
      license: licence,
      dependencies = {},
    }: PackageJson = JSON.parse(readFileSync(`${dir}/package.json`, "utf8"));
    const texts = readdirSync(dir).filter((file) => /^(LICEN[CS]E|COPYING|NOTICE)/i.test(file));
    found.set(dir, { name, version, licence, dir, licenceFiles: texts.length > 0 ? texts : ["package.json"] });
    queue.push(...Object.keys(dependencies).map((child): [string, string] => [child, dir]));
  }
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** As Node looks for a package: in the package's own node_modules, then in those above it. */
function resolve(name: string, from: string): string {
  for (let dir = from; dir !== ""; dir = dir.slice(0, dir.lastIndexOf("/"))) {
    if (existsSync(`${dir}/node_modules/${name}/package.json`)) return `${dir}/node_modules/${name}`;
  }
  throw new Error(`${name} is not installed: run make setup`);
}
