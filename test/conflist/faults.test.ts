// What the disk, the kernel and the plugins can refuse: each time one clear sentence, exit code 4, and the folder as it was.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { snapshot } from "../../src/conflist/testing.ts";
import { confDir, conflist, type FolderNode, folderNode, type RunResult } from "./folder-node.ts";

const calico = `{"cniVersion":"0.3.1","name":"k8s-pod-network","plugins":[{"type":"calico"}]}`;
const exitFailed = 4;

/** A node with ours in force for the first PodCIDR, and another CNI's file that has come since. */
function nodeInUse(): FolderNode {
  const node = folderNode();
  expect(node.conflist(["install"]).exitCode).toBe(0);
  node.write(`${confDir}/05-calico.conflist`, calico);
  return node;
}

/** The sentence, with the rest of standard error for the failure's message. */
function errorOf({ stderr }: RunResult): string {
  return stderr.split("\n").find((line) => line.startsWith("error: ")) ?? stderr;
}

const installSecond = 'NODE_POD_CIDR=10.244.2.0/24 "$headcni" conflist install --root "$root"';
const listAll = 'ls -A "$conf" >&2';

/** Runs an installation inside mounts of its own: what was refused, and what is left in the folder as the mounts show it. */
function refused(node: FolderNode, mounts: string): { readonly result: RunResult; readonly left: readonly string[] } {
  const script = `set -e; ${mounts}; code=0; ${installSecond} || code=$?; echo "--- left" >&2; ${listAll}; cat "$conf/10-headcni.conflist"; exit $code`;
  const result = node.shell(script, { unshare: true });
  const [stderr = "", left = ""] = result.stderr.split("--- left\n");
  return { result: { ...result, stderr }, left: left.split("\n").filter((name) => name !== "") };
}

describe("headcni conflist install", () => {
  test("on a folder that is mounted read-only", () => {
    using node = nodeInUse();
    const before = snapshot(`${node.path}${confDir}`);
    const { result } = refused(node, 'mount --bind "$conf" "$conf"; mount -o remount,bind,ro "$conf"');
    expect(result.exitCode).toBe(exitFailed);
    expect(errorOf(result)).toBe(`error: Cannot write the conflist ${conflist}: the file system is read-only`);
    expect(result.stderr).toContain("hint: mount it writable; in a pod, mount the host's folder without readOnly\n");
    expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
    expect(node.conflist(["install"], 1).exitCode).toBe(0);
  });

  test("on a full disk", () => {
    using node = nodeInUse();
    const fill = [
      'cp -a "$conf" "$root/saved"',
      'mount -t tmpfs -o size=16k tmpfs "$conf"',
      'cp -a "$root/saved/." "$conf"',
      'dd if=/dev/zero of="$conf/ballast" bs=4k 2>/dev/null || true',
    ].join("; ");
    const before = node.read(conflist);
    const { result, left } = refused(node, fill);
    expect(errorOf(result)).toBe(`error: Cannot write the conflist ${conflist}: no space left on the device`);
    expect(result.stderr).toContain("hint: free space on that file system; what was there before is still in force\n");
    expect(result.exitCode).toBe(exitFailed);
    expect(left).toEqual(["05-calico.conflist", "10-headcni.conflist", "ballast"]);
    expect(result.stdout).toBe(before);
  });

  test("with no space for the backups", () => {
    using node = nodeInUse();
    const fill = [
      'mount -t tmpfs -o size=8k tmpfs "$root/var/lib/headcni"',
      'dd if=/dev/zero of="$root/var/lib/headcni/ballast" bs=4k 2>/dev/null || true',
    ].join("; ");
    const before = snapshot(`${node.path}${confDir}`);
    const { result } = refused(node, fill);
    expect(errorOf(result)).toBe(`error: Cannot back up the configurations of ${confDir}: no space left on the device`);
    expect(result.exitCode).toBe(exitFailed);
    expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
  });

  /** Root without the capabilities that let root pass over permissions. */
  const asNobody = (node: FolderNode) =>
    node.shell(
      `setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search ${installSecond.replace("NODE_POD_CIDR", "env NODE_POD_CIDR")}`,
    );

  test("without permission for the folder", () => {
    using node = nodeInUse();
    fs.chmodSync(`${node.path}${confDir}`, 0o555);
    const before = snapshot(`${node.path}${confDir}`);
    const result = asNobody(node);
    expect(errorOf(result)).toBe(`error: Cannot write the conflist ${conflist}: permission denied`);
    expect(result.stderr).toContain("hint: give it CAP_DAC_OVERRIDE (in a pod: ");
    expect(result.exitCode).toBe(exitFailed);
    expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
    fs.chmodSync(`${node.path}${confDir}`, 0o755);
    expect(node.conflist(["install"], 1).exitCode).toBe(0);
  });

  test("without permission for the state folder, which it needs only for what must be backed up", () => {
    using node = folderNode();
    fs.mkdirSync(`${node.path}/var/lib/headcni`, { recursive: true, mode: 0o555 });
    const why = "Cannot use the state folder /var/lib/headcni: permission denied";
    const result = asNobody(node);
    expect([result.exitCode, result.stderr]).toEqual([0, expect.stringContaining(why)]);
    expect(result.stderr).toStartWith(`warning: ${conflist} is in force but not recorded`);
    expect(node.names()).toEqual(["10-headcni.conflist"]);
    node.write(`${confDir}/05-calico.conflist`, calico);
    const refusedResult = asNobody(node);
    expect([refusedResult.exitCode, errorOf(refusedResult)]).toEqual([exitFailed, `error: ${why}`]);
    expect(node.names()).toEqual(["05-calico.conflist", "10-headcni.conflist"]);
  });

  test("makes a folder that is missing", () => {
    using node = folderNode();
    fs.rmSync(`${node.path}/etc`, { recursive: true });
    expect(node.conflist(["install"]).exitCode).toBe(0);
    expect(fs.statSync(`${node.path}${conflist}`).mode & 0o777).toBe(0o600);
    expect(fs.statSync(`${node.path}${confDir}`).mode & 0o777).toBe(0o755);
  });

  test("replaces a symbolic link in the place of the file, and does not write through it", () => {
    using node = folderNode();
    node.write("/etc/passwd", "root");
    fs.symlinkSync("/etc/passwd", `${node.path}${conflist}`);
    expect(node.conflist(["install"]).exitCode).toBe(0);
    expect(node.read("/etc/passwd")).toBe("root");
    expect(fs.lstatSync(`${node.path}${conflist}`).isFile()).toBe(true);
    expect(node.conflist(["restore"]).exitCode).toBe(0);
    expect(fs.readlinkSync(`${node.path}${conflist}`)).toBe("/etc/passwd");
  });

  test("refuses a folder in the place of the file", () => {
    using node = folderNode();
    node.write(`${conflist}/inside`, "theirs");
    const result = node.conflist(["install"]);
    expect(errorOf(result)).toBe(`error: Cannot write the conflist ${conflist}: a folder of that name is in the way`);
    expect(result.exitCode).toBe(exitFailed);
    expect(node.names()).toEqual(["10-headcni.conflist"]);
  });

  const bin = "/opt/cni/bin";
  const broken: readonly (readonly [string, (node: FolderNode) => void, string])[] = [
    [
      "is missing",
      (node) => fs.rmSync(`${node.path}${bin}/host-local`),
      `plugins[0].ipam.type is host-local, and ${bin}/host-local does not exist`,
    ],
    [
      "is a link that leads nowhere",
      (node) => {
        fs.rmSync(`${node.path}${bin}/host-local`);
        fs.symlinkSync("/usr/lib/cni/host-local", `${node.path}${bin}/host-local`);
      },
      `plugins[0].ipam.type is host-local, and ${bin}/host-local is a link to /usr/lib/cni/host-local, which does not exist`,
    ],
    [
      "is not executable",
      (node) => fs.chmodSync(`${node.path}${bin}/bridge`, 0o644),
      `plugins[0].type is bridge, and ${bin}/bridge is not an executable file`,
    ],
    [
      "is a script that is no plugin",
      (node) => node.write(`${bin}/bridge`, "#!/bin/sh\necho hello\n", 0o755),
      `plugins[0].type is bridge, and ${bin}/bridge is no CNI plugin: it answered VERSION with exit code 0 and no supportedVersions`,
    ],
    [
      "is for another machine",
      (node) => node.write(`${bin}/bridge`, "\x7fELF\x02\x01\x01 not this one", 0o755),
      `plugins[0].type is bridge, and ${bin}/bridge is not a program this machine can run: built for another processor, or damaged`,
    ],
    [
      "is a script whose interpreter is missing",
      (node) => node.write(`${bin}/bridge`, "#!/no/such/shell\n", 0o755),
      `plugins[0].type is bridge, and ${bin}/bridge cannot start on this host: its interpreter /no/such/shell does not exist`,
    ],
    [
      "does not answer",
      (node) => node.write(`${bin}/bridge`, "#!/bin/sh\nexec sleep 60\n", 0o755),
      `plugins[0].type is bridge, and ${bin}/bridge did not answer VERSION within 5 s`,
    ],
  ];
  test.each(broken)(
    "changes nothing when a plugin %s",
    (_, breakIt, problem) => {
      using node = nodeInUse();
      breakIt(node);
      const before = snapshot(`${node.path}${confDir}`);
      const result = node.conflist(["install"], 1);
      expect(errorOf(result)).toBe(`error: Cannot put ${conflist} in force: ${problem}`);
      expect(result.exitCode).toBe(exitFailed);
      expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
    },
    20_000,
  );

  test("changes nothing when the plugins are on a file system from which nothing may be run", () => {
    using node = nodeInUse();
    const before = snapshot(`${node.path}${confDir}`);
    const { result } = refused(
      node,
      `mount --bind "$root${bin}" "$root${bin}"; mount -o remount,bind,noexec "$root${bin}"`,
    );
    expect(errorOf(result)).toBe(
      `error: Cannot put ${conflist} in force: plugins[0].type is bridge, and ${bin}/bridge may not be executed: the file system it lies on is mounted noexec, or a security policy forbids it (and 1 more)`,
    );
    expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
  });

  test("twice at the same moment ends well twice", async () => {
    using node = nodeInUse();
    const started = [0, 1, 2, 3].map(() => {
      const { argv, env } = node.command(["install"], 1);
      return Bun.spawn(argv, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    });
    expect(await Promise.all(started.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    const outputs = await Promise.all(started.map(({ stdout }) => new Response(stdout).text()));
    expect(outputs.filter((text) => text.includes("Wrote "))).toHaveLength(1);
    expect(node.names()).toEqual(["05-calico.conflist.headcni-aside", "10-headcni.conflist"]);
  });
});

describe("headcni conflist restore", () => {
  test("says what keeps our file from being removed", () => {
    using node = nodeInUse();
    // In a sticky folder of another's, only who may pass over owners removes another's file.
    for (const path of [confDir, conflist]) fs.chownSync(`${node.path}${path}`, 1000, 1000);
    fs.chmodSync(`${node.path}${confDir}`, 0o1777);
    const result = node.shell(
      'setpriv --bounding-set=-fowner --inh-caps=-fowner "$headcni" conflist restore --root "$root"',
    );
    expect(errorOf(result)).toBe(`error: Cannot restore ${conflist}: operation not permitted`);
    expect(result.stderr).toContain(
      "hint: give it CAP_FOWNER (in a pod: securityContext.capabilities.add: [FOWNER]), or check for the immutable attribute with lsattr\n",
    );
    expect(result.exitCode).toBe(exitFailed);
    expect(node.conflist(["restore"]).exitCode).toBe(0);
    expect(node.names()).toEqual(["05-calico.conflist"]);
  });
});
