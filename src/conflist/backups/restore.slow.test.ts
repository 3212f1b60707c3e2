import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { conflistFileName } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import { kernelPath } from "../../sys/fs/file-name.ts";
import { confDir, PowerCut, stateDir, type TestNode, testNode } from "../testing.ts";
import { listBackups } from "./backup.ts";
import { planRestore, restoreConflist } from "./restore.ts";

const options = { confDir, stateDir };
const restore = (node: TestNode) => restoreConflist(node.system, options);

/** Ten files as other CNIs, operators and accidents leave them. */
function leaveAssortedFiles(node: TestNode): void {
  const folder = node.hostConfDir;
  node.write("00-multus.conf", `{"name":"multus-cni-network","type":"multus"}`, 0o644);
  node.write("05-cilium.conflist", `{"cniVersion":"0.3.1","name":"cilium","plugins":[{"type":"cilium-cni"}]}`, 0o600);
  node.write("07-broken.conflist", `{"name": "half`, 0o640);
  node.write("10-calico.conflist", `{"name":"k8s-pod-network"}\r\n`, 0o4755);
  node.write("10-containerd-net.conflist", new Uint8Array([0, 255, 254, 10]), 0o400);
  node.write("10-crio-bridge.conf", "", 0o666);
  node.write("10-flannel.conflist", "x".repeat(100_000), 0o644);
  node.write("99-loopback.conf", `{"type":"loopback"}`, 0o644);
  node.write("calico-kubeconfig", "apiVersion: v1", 0o600);
  fs.symlinkSync("/etc/somewhere/else.conf", `${folder}/01-link.conf`);
  for (const [at, name] of fs.readdirSync(folder).entries()) {
    fs.lutimesSync(`${folder}/${name}`, 1_500_000_000 + at, 1_600_000_000.123456 + at * 0.001);
  }
  fs.chownSync(`${folder}/10-calico.conflist`, 1234, 4321);
  fs.chmodSync(`${folder}/10-calico.conflist`, 0o4755);
}

describe("restoreConflist()", () => {
  test("takes ours out though what had its name is gone for good, unless the node would be bare", async () => {
    using node = testNode();
    const aside = `${conflistFileName}.headcni-aside`;
    // Of an installation whose records were lost: what it kept aside has no copy.
    node.write(aside, "theirs");
    await node.install("ours");
    fs.rmSync(`${node.hostConfDir}/${aside}`);
    const cannot = `cannot come back: ${aside} is gone, and there is no copy`;
    const { actions } = await restore(node);
    const bare = `stays: without it the node would have no CNI configuration; what was there before ${cannot}`;
    expect(actions.map(({ kind, name, why }) => [kind, name, why])).toEqual([["leave", conflistFileName, bare]]);
    node.write("10-calico.conflist", "{}");
    const second = await restore(node);
    expect(second.actions.map(({ kind, why }) => [kind, why])).toEqual([
      ["leave", cannot],
      ["remove-ours", undefined],
    ]);
    expect(Object.keys(node.snapshot())).toEqual(["10-calico.conflist"]);
    expect((await restore(node)).isComplete).toBe(true);
  });

  test("gives ten assorted files back equal in bytes, mode, owner and nanoseconds", async () => {
    using node = testNode();
    node.write("placeholder", "");
    fs.rmSync(`${node.hostConfDir}/placeholder`);
    leaveAssortedFiles(node);
    const before = node.snapshot();
    expect(Object.keys(before)).toHaveLength(10);
    const report = await node.install("ours");
    expect(report.movedAside).toHaveLength(8);
    const { isComplete } = await restore(node);
    expect(isComplete).toBe(true);
    expect(node.snapshot()).toEqual(before);
    expect(listBackups(node.system)).toEqual([]);
    expect(node.root.exists(`${stateDir}/backups`)).toBe(false);
  });

  test("gives files back whose names are not UTF-8, by the files themselves and by their copies", async () => {
    const names = ["05-\udce9.conflist", "05-\udcff.conflist", "05-é.conf"];
    for (const isRemoved of [false, true]) {
      using node = testNode();
      node.write("05-é.conf", "third");
      for (const name of names.slice(0, 2)) fs.writeFileSync(kernelPath(`${node.hostConfDir}/${name}`), `of ${name}`);
      const before = node.snapshot();
      const report = await node.install("ours");
      expect(report.movedAside.map(({ name }) => name)).toEqual(["05-é.conf", ...names.slice(0, 2)]);
      expect(runtimeOrder(Object.keys(node.snapshot()))).toEqual([conflistFileName]);
      for (const { aside } of isRemoved ? report.movedAside : []) fs.rmSync(kernelPath(`${node.hostConfDir}/${aside}`));
      expect((await restore(node)).isComplete).toBe(true);
      expect(node.snapshot()).toEqual(before);
    }
  });

  test("gives back the files' own inodes, so that whatever else hangs on them is kept", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    node.write(conflistFileName, "there before");
    const inodes = () =>
      ["10-calico.conflist", conflistFileName].map((name) => fs.statSync(`${node.hostConfDir}/${name}`).ino);
    const before = inodes();
    await node.install("ours");
    await restore(node);
    expect(inodes()).toEqual(before);
  });

  test("gives the same back from copies alone, when somebody removed what lay aside", async () => {
    using node = testNode();
    leaveAssortedFiles(node);
    const before = node.snapshot();
    await node.install("ours");
    for (const name of fs.readdirSync(node.hostConfDir)) {
      if (name.includes("headcni-aside")) fs.rmSync(`${node.hostConfDir}/${name}`);
    }
    const { actions } = await restore(node);
    expect(actions.find(({ name }) => name === "10-calico.conflist")?.why).toBe(
      "comes from its copy, because 10-calico.conflist.headcni-aside is gone",
    );
    expect(node.snapshot()).toEqual(before);
  });

  test("gives the same back when it was cut right after a file was made from its copy, or a link anew", async () => {
    for (let survives = 0; survives < 12; survives++) {
      using node = testNode();
      leaveAssortedFiles(node);
      const before = node.snapshot();
      await node.install("ours");
      for (const name of fs.readdirSync(node.hostConfDir)) {
        if (name.includes("headcni-aside")) fs.rmSync(`${node.hostConfDir}/${name}`);
      }
      const { files } = node.system;
      let left = survives;
      const thenCut =
        <Args extends readonly unknown[]>(action: (...args: Args) => void) =>
        (...args: Args): void => {
          action(...args);
          left -= 1;
          if (left < 0) throw new PowerCut();
        };
      const dying = { ...files, writeAtomic: thenCut(files.writeAtomic), symlink: thenCut(files.symlink) };
      await restoreConflist({ ...node.system, files: dying }, options).catch((error) => {
        if (!(error instanceof PowerCut)) throw error;
      });
      await restore(node);
      expect(node.snapshot(), `cut after ${survives}`).toEqual(before);
    }
  });

  test("makes the folder anew from copies when it was removed", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    const before = node.snapshot();
    await node.install("ours");
    fs.rmSync(node.hostConfDir, { recursive: true });
    await restore(node);
    expect(node.snapshot()).toEqual(before);
  });

  test("works without the manifest, by the names in the folder", async () => {
    using node = testNode();
    leaveAssortedFiles(node);
    const before = node.snapshot();
    await node.install("ours");
    fs.rmSync(`${node.root.path}${stateDir}`, { recursive: true });
    const { actions } = await restore(node);
    expect(actions.at(-1)).toEqual({
      kind: "keep-ours",
      name: conflistFileName,
      why: "stays: nothing on record says that HeadCNI wrote it",
    });
    const { [conflistFileName]: ours, ...others } = node.snapshot();
    expect(ours).toBeDefined();
    expect(others).toEqual(before);
  });

  test("puts back what was at our name before HeadCNI, a link too", async () => {
    using node = testNode();
    node.write("target", "{}");
    fs.symlinkSync("target", `${node.hostConfDir}/${conflistFileName}`);
    const before = node.snapshot();
    await node.install("one");
    await node.install("two");
    await restore(node);
    expect(node.snapshot()).toEqual(before);
  });

  test("has others back before ours goes", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    await node.install("ours");
    const { actions } = planRestore(node.system, options);
    expect(actions.map(({ kind, name }) => [kind, name])).toEqual([
      ["put-back", "10-calico.conflist"],
      ["remove-ours", conflistFileName],
    ]);
  });

  test("is done once: a second run has nothing to do and makes nothing", async () => {
    using node = testNode();
    expect((await restore(node)).actions).toEqual([]);
    expect(node.root.exists(stateDir)).toBe(false);
    await node.install("ours");
    await restore(node);
    expect((await restore(node)).actions).toEqual([]);
  });

  test("leaves alone a file at our name that HeadCNI never wrote", async () => {
    using node = testNode();
    node.write(conflistFileName, "theirs");
    const before = node.snapshot();
    expect((await restore(node)).actions).toEqual([]);
    expect(node.snapshot()).toEqual(before);
  });

  test("leaves a newer file of the same name in place, keeps the original aside and says so", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "original");
    await node.install("ours");
    node.write("10-calico.conflist", "newer");
    const { actions, isComplete } = await restore(node);
    expect(isComplete).toBe(false);
    expect(actions).toEqual([
      {
        kind: "leave",
        name: "10-calico.conflist",
        why: "was written anew since and stays as it is; its original stays as 10-calico.conflist.headcni-aside",
      },
      { kind: "remove-ours", name: conflistFileName, why: undefined },
    ]);
    expect(node.root.read(`${confDir}/10-calico.conflist`)).toBe("newer");
    expect(node.root.read(`${confDir}/10-calico.conflist.headcni-aside`)).toBe("original");
  });

  test("leaves a folder that came to the name of one, keeps that aside, and gives it back once the folder is gone", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    const before = node.snapshot();
    await node.install("ours");
    const folder = `${node.hostConfDir}/10-calico.conflist`;
    fs.mkdirSync(folder);
    await node.install("ours, two");
    const { actions } = await restore(node);
    expect(actions[0]).toMatchObject({ kind: "leave", name: "10-calico.conflist" });
    expect(fs.statSync(folder).isDirectory()).toBe(true);
    expect(node.root.read(`${confDir}/10-calico.conflist.headcni-aside`)).toBe("theirs");
    fs.rmdirSync(folder);
    await restore(node);
    expect(node.snapshot()).toEqual(before);
  });

  test("gives the original back over a file that was only written again with the same bytes", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "same");
    const before = node.snapshot();
    await node.install("ours");
    node.write("10-calico.conflist", "same");
    expect((await restore(node)).isComplete).toBe(true);
    expect(node.snapshot()).toEqual(before);
  });

  test("gives the first of several back, and keeps what came later as copies", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "original");
    const before = node.snapshot();
    await node.install("ours");
    node.write("10-calico.conflist", "later");
    await node.install("ours");
    expect((await restore(node)).isComplete).toBe(true);
    expect(node.snapshot()).toEqual(before);
    const [backups] = listBackups(node.system);
    expect(backups?.aside).toEqual([]);
    expect(backups?.versions.map(({ copy }) => node.root.read(`${stateDir}/backups/${copy}`))).toEqual(["later"]);
  });

  test("puts a file back as somebody changed it, and keeps the original as a copy", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "original");
    await node.install("ours");
    node.write("10-calico.conflist.headcni-aside", "changed");
    const { actions } = await restore(node);
    expect(actions[0]?.why).toStartWith(
      "was changed while it lay aside and comes back as it is now; the original is kept as",
    );
    expect(node.root.read(`${confDir}/10-calico.conflist`)).toBe("changed");
    const [backups] = listBackups(node.system);
    expect(backups?.versions.map(({ copy }) => node.root.read(`${stateDir}/backups/${copy}`))).toEqual(["original"]);
  });

  test("keeps a copy of our file when somebody edited it", async () => {
    using node = testNode();
    await node.install("ours");
    node.write(conflistFileName, "edited");
    const { actions } = await restore(node);
    expect(actions).toEqual([
      { kind: "remove-ours", name: conflistFileName, why: `was edited; a copy is kept in ${stateDir}/backups` },
    ]);
    const [backups] = listBackups(node.system);
    expect(backups?.versions.map(({ copy }) => node.root.read(`${stateDir}/backups/${copy}`))).toEqual(["edited"]);
  });

  test("keeps ours when nothing can be put back: a node is not left without a configuration", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    await node.install("ours");
    fs.rmSync(`${node.hostConfDir}/10-calico.conflist.headcni-aside`);
    for (const name of fs.readdirSync(`${node.root.path}${stateDir}/backups`)) {
      if (name.startsWith("10-calico")) fs.rmSync(`${node.root.path}${stateDir}/backups/${name}`);
    }
    const { actions, isComplete } = await restore(node);
    expect(isComplete).toBe(false);
    expect(actions.map(({ kind, why }) => [kind, why])).toEqual([
      ["leave", "cannot come back: 10-calico.conflist.headcni-aside is gone, and there is no copy"],
      ["leave", "stays: without it the node would have no CNI configuration"],
    ]);
    expect(node.root.read(`${confDir}/${conflistFileName}`)).toBe("ours");
  });

  test("can be followed by another installation, which backs up anew", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "one");
    await node.install("ours");
    await restore(node);
    node.write("10-calico.conflist", "two");
    const before = node.snapshot();
    await node.install("ours");
    await restore(node);
    expect(node.snapshot()).toEqual(before);
  });
});
