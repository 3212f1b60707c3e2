// The real programs of a tailnet, where this machine has them: tailscaled and Headscale, by environment variable, on PATH, or built by
// `make tailscaled`. They are copied into a node, since a node sees nothing of the machine but /usr and the checkout.

import * as fs from "node:fs";
import { basename, join } from "../../../src/sys/fs/path.ts";
import type { Node } from "../node.ts";

export interface TailnetPrograms {
  readonly tailscaled: string;
  readonly headscale: string;
}

/** By variable first, then on PATH, then built here; a sentence that says what is missing otherwise. */
export function findTailnetPrograms(): TailnetPrograms | string {
  const tailscaled = find("HEADCNI_TAILSCALED", "tailscaled");
  const headscale = find("HEADCNI_HEADSCALE", "headscale");
  if (tailscaled !== undefined && headscale !== undefined) return { tailscaled, headscale };
  const missing = [tailscaled ?? "tailscaled", headscale ?? "headscale"].filter((name) => !name.includes("/"));
  return `no ${missing.join(" and no ")}: put it on PATH, or name it in ${missing.map((name) => `HEADCNI_${name.toUpperCase()}`).join(" and ")}`;
}

/** tailscaled alone, for what needs no control server. */
export function findTailscaled(): string | undefined {
  return find("HEADCNI_TAILSCALED", "tailscaled");
}

/** Every Headscale that the variable names, separated by `:`, else the one there is: clients of its API are held to each. */
export function findHeadscales(): readonly string[] {
  return findAll("HEADCNI_HEADSCALE", "headscale");
}

/** Prometheus' own checker, as tools/setup-promtool.sh fetches it; undefined on a machine without. */
export function findPromtool(): string | undefined {
  return find("HEADCNI_PROMTOOL", "promtool");
}

function find(variable: string, name: string): string | undefined {
  return findAll(variable, name)[0];
}

function findAll(variable: string, name: string): readonly string[] {
  const named = (process.env[variable] ?? "").split(":").filter((path) => path !== "");
  const missing = named.find((path) => !fs.existsSync(path));
  if (missing !== undefined) throw new Error(`${variable}: ${missing} does not exist`);
  const found = Bun.which(name) ?? built(name);
  return named.length > 0 || found === undefined ? named : [found];
}

/** The newest that `make tailscaled` has built. */
function built(name: string): string | undefined {
  const { XDG_CACHE_HOME, HOME = "" } = process.env;
  const cache = join(XDG_CACHE_HOME ?? join(HOME, ".cache"), "headcni");
  if (!fs.existsSync(cache)) return undefined;
  const dirs = fs.readdirSync(cache).filter((dir) => dir.startsWith(`${name}-`));
  return dirs
    .toSorted()
    .map((dir) => join(cache, dir, name))
    .findLast((path) => fs.existsSync(path));
}

/** Puts a program into the node and gives its path there. */
export function install(node: Node, program: string): string {
  const path = `/opt/tailnet/${basename(program)}`;
  node.write(path, "");
  fs.copyFileSync(program, node.path(path));
  fs.chmodSync(node.path(path), 0o755);
  return path;
}
