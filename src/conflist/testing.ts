// What the tests of installing and restoring share: a folder as data, and a node that needs no plugins.

import * as fs from "node:fs";
import { temporaryName } from "../sys/fs/atomic-file.ts";
import { decodeFileName, kernelPath } from "../sys/fs/file-name.ts";
import type { Files } from "../sys/fs/files.ts";
import { basename, dirname, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { type InstallConflistOptions, type InstallReport, installConflist } from "./install/install-conflist.ts";

export const confDir = "/etc/cni/net.d";
export const stateDir = "/var/lib/headcni";

/** One file, exactly: kind, permission bits, owner, modification time in nanoseconds, content or target. */
export type FileFacts = `${"file" | "symlink" | "other"} ${string}`;

/** A folder as data: what `restore` must give back, name by name. An absent folder is an empty one. */
export function snapshot(hostFolder: string): Readonly<Record<string, FileFacts>> {
  if (!fs.existsSync(hostFolder)) return {};
  const facts = fs
    .readdirSync(hostFolder, { encoding: "buffer" })
    .map(decodeFileName)
    .sort()
    .map((name): [string, FileFacts] => {
      const path = kernelPath(join(hostFolder, name));
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
  /** @param on the machine to do it on, when it is not the node's own */
  install(text: string, options?: Partial<InstallConflistOptions>, on?: System): Promise<InstallReport>;
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
    install: (text, options = {}, on = system) =>
      installConflist(on, text, {
        confDir,
        stateDir,
        otherConfigs: "moveAside",
        validate: async () => [],
        ...options,
      }),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

/** What a cut brings: not one of HeadCNI's errors, so that nothing handles it. */
export class PowerCut extends Error {}

/** The same file system until `isCut` says that there is no power any more. */
export function cutPowerWhen(files: Files, isCut: () => boolean): Files {
  const guard =
    <Args extends readonly unknown[], Result>(action: (...args: Args) => Result) =>
    (...args: Args): Result => {
      if (isCut()) throw new PowerCut();
      return action(...args);
    };
  return {
    root: files.root,
    owner: files.owner,
    hostPath: files.hostPath,
    read: guard(files.read),
    readIfPresent: guard(files.readIfPresent),
    readHead: guard(files.readHead),
    stat: guard(files.stat),
    lstat: guard(files.lstat),
    readLink: guard(files.readLink),
    list: guard(files.list),
    makeDir: guard(files.makeDir),
    writeAtomic: guard(files.writeAtomic),
    rename: guard(files.rename),
    link: guard(files.link),
    symlink: guard(files.symlink),
    remove: guard(files.remove),
    removeEmptyDir: guard(files.removeEmptyDir),
  };
}

/**
 * Cuts the power after `survives` more changes: the next one does not happen, nor does anything after it. A write that is
 * cut leaves its temporary file behind.
 */
export function cutPowerAfter(files: Files, survives: number): Files {
  let left = survives;
  const change =
    <Args extends readonly unknown[], Result>(
      action: (...args: Args) => Result,
      halfDone: (...args: Args) => void = () => undefined,
    ) =>
    (...args: Args): Result => {
      left -= 1;
      if (left >= 0) return action(...args);
      halfDone(...args);
      throw new PowerCut();
    };
  const dying: Files = {
    ...files,
    writeAtomic: change(files.writeAtomic, (path, content) => {
      const half = content.slice(0, content.length / 2);
      fs.writeFileSync(files.hostPath(join(dirname(path), temporaryName(basename(path)))), half);
    }),
    rename: change(files.rename),
    link: change(files.link),
    symlink: change(files.symlink),
    remove: change(files.remove),
    removeEmptyDir: change(files.removeEmptyDir),
  };
  return cutPowerWhen(dying, () => left < 0);
}
