// What the tests of installing and restoring share: a folder as data, and a node that needs no plugins.

import * as fs from "node:fs";
import { join } from "../sys/path.ts";
import type { System } from "../sys/system.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { installConflist } from "./install.ts";
import type { InstallOptions, InstallReport } from "./report.ts";

export const confDir = "/etc/cni/net.d";
export const stateDir = "/var/lib/headcni";

/** One file, exactly: kind, permission bits, owner, modification time in nanoseconds, content or target. */
export type FileFacts = `${"file" | "symlink" | "other"} ${string}`;

/** A folder as data: what `restore` must give back, name by name. An absent folder is an empty one. */
export function snapshot(hostFolder: string): Readonly<Record<string, FileFacts>> {
  if (!fs.existsSync(hostFolder)) return {};
  const facts = fs
    .readdirSync(hostFolder)
    .sort()
    .map((name): [string, FileFacts] => {
      const path = join(hostFolder, name);
      const info = fs.lstatSync(path, { bigint: true });
      const kind = info.isFile() ? "file" : info.isSymbolicLink() ? "symlink" : "other";
      const body = kind === "file" ? fs.readFileSync(path).toBase64() : kind === "symlink" ? fs.readlinkSync(path) : "";
      return [name, `${kind} ${info.mode.toString(8)} ${info.uid}:${info.gid} ${info.mtimeNs} ${body}`];
    });
  return Object.fromEntries(facts);
}

export interface TestNode extends Disposable {
  readonly root: TempRoot;
  readonly system: System;
  /** The configuration folder on this machine. */
  readonly hostConfDir: string;
  write(name: string, content: string | Uint8Array, mode?: number): void;
  snapshot(): ReturnType<typeof snapshot>;
  install(text: string, options?: Partial<InstallOptions>): Promise<InstallReport>;
}

/** A node whose conflists are always found valid. */
export function testNode(parts: Partial<System> = {}): TestNode {
  const root = tempRoot();
  const system = testSystem(root, parts);
  const hostConfDir = `${root.path}${confDir}`;
  return {
    root,
    system,
    hostConfDir,
    write: (name, content, mode) => root.write(`${confDir}/${name}`, content, mode),
    snapshot: () => snapshot(hostConfDir),
    install: (text, options = {}) =>
      installConflist(system, text, {
        confDir,
        stateDir,
        otherConfigs: "moveAside",
        validate: async () => [],
        ...options,
      }),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}
