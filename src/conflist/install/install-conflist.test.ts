import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { conflistFileName } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { Files } from "../../sys/fs/files.ts";
import { tryLockFile } from "../../sys/fs/flock.ts";
import { fakeClock, waitUntil } from "../../sys/testing.ts";
import { listBackups } from "../backups/backup.ts";
import { restoreConflist } from "../backups/restore.ts";
import { confDir, stateDir, testNode } from "../testing.ts";
import { ConflistInvalidError, installConflist, installSteps } from "./install-conflist.ts";

const calico = `{"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[{"type":"calico"}]}`;

describe("installConflist()", () => {
  test("writes the file, mode 0600, into a folder it makes", async () => {
    using node = testNode();
    const report = await node.install("one");
    expect(report).toEqual({
      outcome: "created",
      reason: "absent",
      path: `${confDir}/${conflistFileName}`,
      movedAside: [],
      keptOthers: [],
      unrecorded: undefined,
    });
    expect(node.root.read(report.path)).toBe("one");
    expect(fs.statSync(node.hostConfDir).mode & 0o777).toBe(0o755);
    expect(fs.statSync(`${node.hostConfDir}/${conflistFileName}`).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(node.hostConfDir)).toEqual([conflistFileName]);
  });

  test("touches nothing when all is as wanted: not the file, not the state folder, not the validator", async () => {
    using node = testNode();
    await node.install("one");
    const before = node.snapshot();
    const steps: string[] = [];
    fs.rmSync(`${node.root.path}${stateDir}`, { recursive: true });
    const report = await node.install("one", {
      onStep: (step) => steps.push(step),
      validate: () => Promise.reject(new Error("not asked for")),
    });
    expect([report.outcome, report.reason]).toEqual(["unchanged", "same"]);
    expect(steps).toEqual(["rendered", "compared"]);
    expect(node.snapshot()).toEqual(before);
    expect(node.root.exists(stateDir)).toBe(false);
  });

  test("does its steps in the documented order", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    const steps: string[] = [];
    await node.install("one", { onStep: (step) => steps.push(step) });
    expect(steps).toEqual([...installSteps]);
  });

  test("has ours in place before another CNI's file leaves, and the manifest before either", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    const seen: Record<string, readonly string[]> = {};
    await node.install("one", {
      onStep: (step) => {
        seen[step] = fs.readdirSync(node.hostConfDir).toSorted();
        if (step === "backed-up") expect(node.root.exists(`${stateDir}/backups/manifest.json`)).toBe(true);
      },
    });
    expect(seen["backed-up"]).toEqual(["10-calico.conflist"]);
    expect(seen.renamed).toEqual(["10-calico.conflist", conflistFileName]);
    expect(seen["moved-aside"]).toEqual(["10-calico.conflist.headcni-aside", conflistFileName]);
  });

  test("keeps what was in force in force until ours is, whatever stood behind it", async () => {
    using node = testNode();
    for (const name of ["05-in-force.conf", "07-broken.conf", "10-calico.conflist"]) node.write(name, calico);
    const first = new Set<string | undefined>();
    const look = () => void first.add(runtimeOrder(fs.readdirSync(node.hostConfDir))[0]);
    await node.install("one", { onStep: look });
    expect([...first]).toEqual(["05-in-force.conf", conflistFileName]);
  });

  const reasons: readonly (readonly [string, (path: string) => void, string])[] = [
    ["other content", (path) => fs.writeFileSync(path, "two", { mode: 0o600 }), "content"],
    ["same length, other content", (path) => fs.writeFileSync(path, "eno", { mode: 0o600 }), "content"],
    ["another mode", (path) => fs.chmodSync(path, 0o644), "mode"],
    ["another user's file", (path) => fs.chownSync(path, 1000, 0), "owner"],
    ["another group's file", (path) => fs.chownSync(path, 0, 1000), "owner"],
    ["nothing", (path) => fs.rmSync(path), "absent"],
    [
      "a link to the same content",
      (path) => {
        fs.renameSync(path, `${path}.away`);
        fs.symlinkSync(`${conflistFileName}.away`, path);
      },
      "not-a-file",
    ],
  ];
  test.each(reasons)("writes anew over %s", async (_, change, reason) => {
    using node = testNode();
    await node.install("one");
    change(`${node.hostConfDir}/${conflistFileName}`);
    const report = await node.install("one");
    expect(report.reason).toBe(reason as typeof report.reason);
    expect(fs.lstatSync(`${node.hostConfDir}/${conflistFileName}`).isFile()).toBe(true);
    expect(node.root.read(report.path)).toBe("one");
    expect((await node.install("one")).outcome).toBe("unchanged");
  });

  test("is done once in a folder that hands its group on", async () => {
    using node = testNode();
    fs.mkdirSync(node.hostConfDir, { recursive: true });
    fs.chownSync(node.hostConfDir, 0, 1000);
    fs.chmodSync(node.hostConfDir, 0o2755);
    await node.install("one");
    expect(await node.install("one")).toMatchObject({ outcome: "unchanged", reason: "same" });
  });

  test("replaces a link in its place, and leaves what it points at alone", async () => {
    using node = testNode();
    node.write("target.txt", "theirs");
    fs.symlinkSync("target.txt", `${node.hostConfDir}/${conflistFileName}`);
    await node.install("one");
    expect(node.root.read(`${confDir}/target.txt`)).toBe("theirs");
    const [backups] = listBackups(node.system);
    expect(backups?.aside).toMatchObject([{ name: conflistFileName, kind: "symlink", target: "target.txt" }]);
  });

  test("refuses a folder in its place, and says so", async () => {
    using node = testNode();
    node.write(`${conflistFileName}/inside`, "theirs");
    const error = await node.install("one").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HeadcniError);
    expect((error as HeadcniError).code).toBe("HC_CONFLIST_WRITE");
    expect((error as HeadcniError).message).toContain(
      `${confDir}/${conflistFileName}: a folder of that name is in the way`,
    );
    expect(node.root.read(`${confDir}/${conflistFileName}/inside`)).toBe("theirs");
  });

  test.each([
    [confDir, "it is a file, not a folder"],
    ["/etc/cni", "/etc/cni is a file, not a folder"],
  ])("says that a file stands where a folder belongs: %s", async (path, what) => {
    using node = testNode();
    node.root.write(path, "a file");
    await expect(node.install("one")).rejects.toMatchObject({
      code: "HC_CONFLIST_WRITE",
      message: `Cannot use ${confDir} for CNI configurations: ${what}`,
      hint: "move it away, or name the folder the runtime reads as cni.confDir",
    });
    expect(node.root.exists(stateDir)).toBe(false);
  });

  test("says so of a link that leads nowhere, and makes no folder behind it", async () => {
    using node = testNode();
    node.root.write("/etc/cni/other", "");
    fs.symlinkSync("/nowhere", node.hostConfDir);
    await expect(node.install("one")).rejects.toMatchObject({
      message: `Cannot use ${confDir} for CNI configurations: it is a link that leads nowhere, not a folder`,
    });
  });

  test("moves aside what the runtime prefers, broken files too, and leaves the rest", async () => {
    using node = testNode();
    const preferred = ["00-multus.conf", "05-broken.conflist", "10-calico.conflist", "10-headcni.conf"];
    const others = ["10-headcni.json", "99-loopback.conf", "aws.conflist", "README.md", "10-calico.conflist.bak"];
    for (const name of [...preferred, ...others]) node.write(name, `{"name":"${name}"`);
    fs.symlinkSync("/nowhere", `${node.hostConfDir}/01-dangling.conf`);
    fs.mkdirSync(`${node.hostConfDir}/02-folder.conf`);
    const report = await node.install("one");
    expect(report.movedAside.map(({ name }) => name)).toEqual([
      "00-multus.conf",
      "01-dangling.conf",
      "05-broken.conflist",
      "10-calico.conflist",
      "10-headcni.conf",
    ]);
    for (const { name, aside } of report.movedAside) expect(aside).toBe(`${name}.headcni-aside`);
    const left = fs.readdirSync(node.hostConfDir).filter((name) => !name.includes("headcni-aside"));
    expect(left.toSorted()).toEqual([...others, conflistFileName, "02-folder.conf"].toSorted());
  });

  test("keeps others' files where they are when told to, and names them", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    const report = await node.install("one", { otherConfigs: "keep" });
    expect(report.movedAside).toEqual([]);
    expect(report.keptOthers).toEqual(["10-calico.conflist"]);
    expect(node.root.read(`${confDir}/10-calico.conflist`)).toBe(calico);
    expect(await node.install("one", { otherConfigs: "keep" })).toMatchObject({
      outcome: "unchanged",
      keptOthers: ["10-calico.conflist"],
    });
  });

  test("moves a file aside that comes back, under a further name: the first backup stays as it is", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "first");
    await node.install("one");
    node.write("10-calico.conflist", "second");
    const report = await node.install("one");
    expect(report).toMatchObject({
      outcome: "unchanged",
      movedAside: [{ name: "10-calico.conflist", aside: "10-calico.conflist.headcni-aside.2" }],
    });
    expect(node.root.read(`${confDir}/10-calico.conflist.headcni-aside`)).toBe("first");
    expect(node.root.read(`${confDir}/10-calico.conflist.headcni-aside.2`)).toBe("second");
  });

  test("does not fill the folder when a CNI rewrites the same file for ever", async () => {
    using node = testNode();
    for (let round = 0; round < 6; round++) {
      node.write("10-calico.conflist", round % 2 === 0 ? "even" : "odd");
      await node.install("one");
    }
    expect(fs.readdirSync(node.hostConfDir).toSorted()).toEqual([
      "10-calico.conflist.headcni-aside",
      "10-calico.conflist.headcni-aside.2",
      "10-calico.conflist.headcni-aside.3",
      conflistFileName,
    ]);
  });

  test("keeps the original and the last five of what a CNI writes anew for ever, and still gives the original back", async () => {
    using node = testNode();
    const count = (folder: string) => fs.readdirSync(folder).length;
    node.write("00-multus.conf", "original");
    const before = node.snapshot();
    await node.install("one");
    for (let round = 1; round <= 20; round++) {
      node.write("00-multus.conf", `round ${round}`);
      await node.install("one");
    }
    expect([count(node.hostConfDir), count(`${node.root.path}${stateDir}/backups`)]).toEqual([7, 7]);
    const aside = listBackups(node.system)[0]?.aside ?? [];
    expect(aside.map((entry) => [entry.role, node.root.read(`${confDir}/${entry.aside}`)])).toEqual([
      ["original", "original"],
      ...[16, 17, 18, 19, 20].map((round) => ["later", `round ${round}`]),
    ]);
    await restoreConflist(node.system, { confDir, stateDir });
    expect(node.snapshot()).toEqual(before);
  });

  test("never takes a name in use for a moved file", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    fs.mkdirSync(`${node.hostConfDir}/10-calico.conflist.headcni-aside`);
    const report = await node.install("one");
    expect(report.movedAside).toEqual([{ name: "10-calico.conflist", aside: "10-calico.conflist.headcni-aside.2" }]);
  });

  test("moves a file whose name is as long as a name can be", async () => {
    using node = testNode();
    const name = `0${"x".repeat(249)}.conf`;
    node.write(name, calico);
    const report = await node.install("one");
    expect(report.movedAside.map((moved) => moved.name)).toEqual([name]);
    expect(fs.readdirSync(node.hostConfDir)).not.toContain(name);
  });

  test("leaves everything as it was when the conflist is refused", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    node.write(conflistFileName, "before", 0o644);
    const before = node.snapshot();
    const problem = { path: "plugins[0].type", message: "is bridge, and there is none", hint: "install it" };
    const error = await node
      .install("one", { validate: async () => [problem, problem] })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConflistInvalidError);
    expect(error).toMatchObject({
      code: "HC_CONFLIST_INVALID",
      message: `Cannot put ${confDir}/${conflistFileName} in force: plugins[0].type is bridge, and there is none (and 1 more)`,
      hint: "install it",
      issues: [problem, problem],
    });
    expect(node.snapshot()).toEqual(before);
    expect(listBackups(node.system)).toEqual([]);
  });

  test("makes no folder for a conflist that is refused", async () => {
    using node = testNode();
    const validate = async () => [{ path: "", message: "is wrong" }];
    await expect(node.install("one", { validate })).rejects.toBeInstanceOf(ConflistInvalidError);
    expect(node.root.exists(confDir)).toBe(false);
  });

  test("keeps the last five versions that it wrote, and the last five of somebody else", async () => {
    using node = testNode();
    for (let version = 0; version < 8; version++) await node.install(`version ${version}`);
    for (let edit = 0; edit < 7; edit++) {
      node.write(conflistFileName, `edit ${edit}`);
      await node.install("version 8");
    }
    const versions = listBackups(node.system)[0]?.versions ?? [];
    const content = versions.map(({ copy, writtenBy }) => [writtenBy, node.root.read(`${stateDir}/backups/${copy}`)]);
    expect(content).toEqual([
      ...[2, 3, 4, 5, 6].map((version) => ["headcni", `version ${version}`]),
      ...[2, 3, 4, 5, 6].map((edit) => ["other", `edit ${edit}`]),
    ]);
    expect(fs.readdirSync(`${node.root.path}${stateDir}/backups`)).toHaveLength(11);
  });

  test("lets two at once through one after the other, and the second finds the work done", async () => {
    using node = testNode();
    node.write("10-calico.conflist", calico);
    const reports = await Promise.all([node.install("one"), node.install("one"), node.install("one")]);
    expect(reports.map(({ outcome }) => outcome).toSorted()).toEqual(["created", "unchanged", "unchanged"]);
    expect(reports.flatMap(({ movedAside }) => movedAside)).toHaveLength(1);
  });

  test("says so when another process holds the lock and does not let go", async () => {
    const clock = fakeClock();
    using node = testNode({ clock });
    node.root.write(`${stateDir}/conflist.lock`, "");
    using _lock = tryLockFile(`${node.root.path}${stateDir}/conflist.lock`);
    const install = node.install("one").catch((thrown: unknown) => thrown);
    await waitUntil("it waits", () => clock.sleeping === 1);
    await clock.advance(14_900);
    expect(clock.sleeping).toBe(1);
    await clock.advance(200);
    expect(await install).toMatchObject({
      code: "HC_CONFLIST_BUSY",
      message: `Cannot lock ${stateDir}/conflist.lock: another process has held it for 15 s`,
    });
  });

  const failures: readonly (readonly [string, string, RegExp, string, string])[] = [
    [
      "our file",
      "ENOSPC",
      /10-headcni\.conflist$/,
      "HC_CONFLIST_WRITE",
      `Cannot write the conflist ${confDir}/${conflistFileName}: no space left on the device`,
    ],
    [
      "our file",
      "EROFS",
      /10-headcni\.conflist$/,
      "HC_CONFLIST_WRITE",
      `Cannot write the conflist ${confDir}/${conflistFileName}: the file system is read-only`,
    ],
    [
      "the manifest",
      "ENOSPC",
      /manifest\.json$/,
      "HC_CONFLIST_BACKUP",
      `Cannot back up the configurations of ${confDir}: no space left on the device`,
    ],
    [
      "a copy",
      "EDQUOT",
      /backups\/10-calico/,
      "HC_CONFLIST_BACKUP",
      `Cannot back up the configurations of ${confDir}: the disk quota is exceeded`,
    ],
  ];
  test.each(failures)(
    "leaves everything as it was when %s cannot be written: %s",
    async (_, errno, path, code, message) => {
      using node = testNode();
      node.write("10-calico.conflist", calico);
      node.write(conflistFileName, "before");
      const before = node.snapshot();
      const { files } = node.system;
      const writeAtomic: Files["writeAtomic"] = (target, ...rest) => {
        if (!path.test(target)) return files.writeAtomic(target, ...rest);
        throw new HeadcniError("HC_FILE_WRITE", "", { cause: Object.assign(new Error(), { code: errno }) });
      };
      const system = { ...node.system, files: { ...files, writeAtomic } };
      const options = { confDir, stateDir, otherConfigs: "moveAside" as const, validate: async () => [] };
      const error = await installConflist(system, "one", options).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message, hint: expect.any(String) });
      const { "10-headcni.conflist.headcni-aside": _secondName, ...after } = node.snapshot();
      expect(after).toEqual(before);
      await node.install("one");
      await restoreConflist(node.system, { confDir, stateDir });
      expect(node.snapshot()).toEqual(before);
    },
  );

  test("keeps the file it replaces by a copy where there are no hard links", async () => {
    using node = testNode();
    node.write(conflistFileName, "before", 0o640);
    fs.utimesSync(`${node.hostConfDir}/${conflistFileName}`, 1_600_000_000, 1_600_000_000.123);
    const before = node.snapshot();
    const link: Files["link"] = () => {
      throw new HeadcniError("HC_FILE_WRITE", "", { cause: Object.assign(new Error(), { code: "EPERM" }) });
    };
    const system = { ...node.system, files: { ...node.system.files, link } };
    await installConflist(system, "one", { confDir, stateDir, otherConfigs: "keep", validate: async () => [] });
    expect(node.root.read(`${confDir}/${conflistFileName}`)).toBe("one");
    await restoreConflist(node.system, { confDir, stateDir });
    expect(node.snapshot()).toEqual(before);
  });

  const uncopiable: readonly (readonly [string, (path: string) => void])[] = [
    ["a FIFO", (path) => void Bun.spawnSync(["mkfifo", path])],
    ["a file too large to be a configuration", (path) => fs.writeFileSync(path, new Uint8Array(2 << 20))],
  ];
  test.each(uncopiable)("puts ours back in place of %s, which lies aside from then on", async (_, put) => {
    using node = testNode();
    await node.install("one");
    const path = `${node.hostConfDir}/${conflistFileName}`;
    fs.rmSync(path);
    put(path);
    const { ino } = fs.lstatSync(path);
    expect(await node.install("one")).toMatchObject({ outcome: "replaced" });
    expect(node.root.read(`${confDir}/${conflistFileName}`)).toBe("one");
    expect(fs.lstatSync(`${path}.headcni-aside`).ino).toBe(ino);
    const { actions, isComplete } = await restoreConflist(node.system, { confDir, stateDir });
    expect(isComplete).toBe(false);
    expect(actions.map(({ kind, why }) => [kind, why])).toEqual([
      ["leave", `came back while HeadCNI was in force; that one stays as ${conflistFileName}.headcni-aside`],
      ["remove-ours", undefined],
    ]);
    expect(fs.readdirSync(node.hostConfDir)).toEqual([`${conflistFileName}.headcni-aside`]);
  });

  test.each(uncopiable)("takes %s at our name out of the way of a restore", async (_, put) => {
    using node = testNode();
    node.write(conflistFileName, "before");
    const before = node.snapshot();
    await node.install("one");
    const path = `${node.hostConfDir}/${conflistFileName}`;
    fs.rmSync(path);
    put(path);
    const { ino } = fs.lstatSync(path);
    const { actions, isComplete } = await restoreConflist(node.system, { confDir, stateDir });
    const aside = `${conflistFileName}.headcni-aside.2`;
    expect(isComplete).toBe(false);
    expect(actions.map(({ kind, why }) => [kind, why])).toEqual([
      ["set-aside", `is not HeadCNI's and cannot be copied: it stays as ${aside}`],
      ["put-back", "was there before HeadCNI"],
    ]);
    expect(fs.lstatSync(`${node.hostConfDir}/${aside}`).ino).toBe(ino);
    fs.rmSync(`${node.hostConfDir}/${aside}`);
    expect(node.snapshot()).toEqual(before);
  });

  test.each(uncopiable)("leaves %s at our name where it is when ours cannot be written", async (_, put) => {
    using node = testNode();
    await node.install("one");
    const path = `${node.hostConfDir}/${conflistFileName}`;
    fs.rmSync(path);
    put(path);
    const before = fs.lstatSync(path).ino;
    const { files } = node.system;
    const refuse = (errno: string) => (): never => {
      throw new HeadcniError("HC_FILE_WRITE", "", { cause: Object.assign(new Error(), { code: errno }) });
    };
    const writeAtomic: Files["writeAtomic"] = (target, ...rest) =>
      target.endsWith(conflistFileName) ? refuse("ENOSPC")() : files.writeAtomic(target, ...rest);
    for (const link of [files.link, refuse("EPERM")]) {
      const system = { ...node.system, files: { ...files, writeAtomic, link } };
      await expect(node.install("one", {}, system)).rejects.toMatchObject({ code: "HC_CONFLIST_WRITE" });
      expect(fs.readdirSync(node.hostConfDir)).toEqual([conflistFileName]);
      expect(fs.lstatSync(path).ino).toBe(before);
    }
    const system = { ...node.system, files: { ...files, link: refuse("EPERM") } };
    await node.install("one", {}, system);
    expect(fs.lstatSync(`${path}.headcni-aside`).ino).toBe(before);
  });
});
