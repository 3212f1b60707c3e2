import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { conflistFileName } from "../../node-state/names.ts";
import { confDir, stateDir, testNode } from "../testing.ts";
import { backupConflists, listBackups } from "./backup.ts";

const options = { confDir, stateDir };

describe("backupConflists()", () => {
  test("keeps every configuration as it is, with who wrote it, and each content once", async () => {
    using node = testNode();
    await node.install("ours");
    node.write("10-flannel.conflist", "flannel", 0o640);
    node.write("README", "no configuration");
    fs.symlinkSync("10-flannel.conflist", `${node.hostConfDir}/99-link.conf`);
    Bun.spawnSync(["mkfifo", `${node.hostConfDir}/98-fifo.conf`]);
    const report = await backupConflists(node.system, options);
    expect(report).toEqual({
      kept: ["10-flannel.conflist", conflistFileName, "99-link.conf"],
      passedOver: ["98-fifo.conf"],
    });
    expect(await backupConflists(node.system, options)).toEqual(report);
    const [backups] = listBackups(node.system);
    expect(backups?.versions).toMatchObject([
      { name: "10-flannel.conflist", kind: "file", mode: "0640", writtenBy: "other" },
      { name: conflistFileName, kind: "file", mode: "0600", writtenBy: "headcni" },
      { name: "99-link.conf", kind: "symlink", target: "10-flannel.conflist", writtenBy: "other" },
    ]);
    expect(fs.readdirSync(`${node.root.path}${stateDir}/backups`)).toHaveLength(3);
    for (const name of fs.readdirSync(`${node.root.path}${stateDir}/backups`)) {
      expect(fs.statSync(`${node.root.path}${stateDir}/backups/${name}`).mode & 0o777).toBe(0o600);
    }
  });

  test("makes nothing where there is nothing", async () => {
    using node = testNode();
    expect(await backupConflists(node.system, options)).toEqual({ kept: [], passedOver: [] });
    expect(fs.readdirSync(node.root.path)).toEqual([]);
    expect(listBackups(node.system)).toEqual([]);
  });
});

describe("listBackups()", () => {
  test("knows every folder HeadCNI has worked in", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "a");
    node.root.write("/other/05-x.conf", "b");
    await node.install("ours");
    await node.install("ours", { confDir: "/other" });
    expect(listBackups(node.system).map((backups) => [backups.confDir, backups.aside.map(({ name }) => name)])).toEqual(
      [
        [confDir, ["10-calico.conflist"]],
        ["/other", ["05-x.conf"]],
      ],
    );
  });
});
