// What `headcni conflist …` prints and ends with: text for people, JSON for programs, exit codes for scripts.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tryLockFile } from "../../src/sys/fs/flock.ts";
import { backups, confDir, conflist, folderNode } from "./folder-node.ts";

const calico = `{"cniVersion":"0.3.1","name":"k8s-pod-network","plugins":[{"type":"calico"}]}`;

describe("headcni conflist render", () => {
  test("prints the documented default shape and writes nothing", () => {
    using node = folderNode();
    const { exitCode, stdout, stderr } = node.conflist(["render"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      cniVersion: "0.4.0",
      name: "headcni",
      plugins: [
        {
          type: "bridge",
          bridge: "headcni0",
          ipMasq: true,
          isGateway: true,
          hairpinMode: true,
          mtu: 1280,
          ipam: { type: "host-local", subnet: "10.244.1.0/24", routes: [{ dst: "0.0.0.0/0" }] },
        },
      ],
    });
    expect(node.names()).toEqual([]);
    expect(node.exists("/var/lib/headcni")).toBe(false);
  });

  test("takes every setting of the configuration", () => {
    using node = folderNode();
    node.write(
      "/etc/headcni/config.yaml",
      [
        "network: {mtu: 1400, masquerade: daemon}",
        "cni:",
        "  cniVersion: 1.0.0",
        "  plugins: [{type: portmap, capabilities: {portMappings: true}}]",
      ].join("\n"),
    );
    const rendered = JSON.parse(node.conflist(["render"]).stdout);
    expect(rendered.cniVersion).toBe("1.0.0");
    expect(rendered.plugins[0]).toMatchObject({ mtu: 1400, ipMasq: false });
    expect(rendered.plugins[1]).toEqual({ type: "portmap", capabilities: { portMappings: true } });
  });
});

describe("headcni conflist diff", () => {
  test("is a patch to what would be installed, and ends with 1 until it is", () => {
    using node = folderNode();
    node.conflist(["install"]);
    expect(node.conflist(["diff"])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    node.write(`${confDir}/05-calico.conflist`, calico);
    fs.chmodSync(`${node.path}${conflist}`, 0o644);
    const { exitCode, stdout } = node.conflist(["diff"], 1);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(`old mode 0644
new mode 0600
--- ${conflist}
+++ ${conflist} (wanted)
@@ -11,7 +11,7 @@
       "mtu": 1280,
       "ipam": {
         "type": "host-local",
-        "subnet": "10.244.1.0/24",
+        "subnet": "10.244.2.0/24",
         "routes": [
           {
             "dst": "0.0.0.0/0"
05-calico.conflist would be moved aside: the runtime prefers it to ours
`);
  });

  test("says who owns the file, what stays in front of it, and what is none", () => {
    using node = folderNode();
    node.conflist(["install"]);
    fs.chownSync(`${node.path}${conflist}`, 1000, 1000);
    expect(node.conflist(["diff"])).toEqual({
      exitCode: 1,
      stdout: "old owner 1000:1000\nnew owner 0:0\n",
      stderr: "",
    });
    expect(node.conflist(["install"]).stdout).toContain(`Wrote ${conflist} (owner)\n`);
    node.write(`${confDir}/05-calico.conflist`, calico);
    node.write("/etc/headcni/config.yaml", "cni: {otherConfigs: keep}");
    const kept = "05-calico.conflist stays and is preferred to ours (cni.otherConfigs is keep)\n";
    expect(node.conflist(["diff"])).toEqual({ exitCode: 0, stdout: kept, stderr: "" });
    node.write(conflist, new Uint8Array(2 << 20));
    expect(node.conflist(["diff"])).toEqual({
      exitCode: 1,
      stdout: `${conflist} is too large to be a configuration and would be replaced\n${kept}`,
      stderr: "",
    });
    fs.rmSync(`${node.path}${confDir}`, { recursive: true });
    node.write(confDir, "a file");
    for (const command of ["diff", "install", "validate"]) {
      expect(node.conflist([command])).toEqual({
        exitCode: 4,
        stdout: "",
        stderr: `error: Cannot use ${confDir} for CNI configurations: it is a file, not a folder
hint: move it away, or name the folder the runtime reads as cni.confDir
`,
      });
    }
  });
});

describe("headcni conflist validate", () => {
  test("checks our file with the plugins, and that it is in force", () => {
    using node = folderNode();
    expect(node.conflist(["validate"])).toEqual({
      exitCode: 4,
      stdout: "",
      stderr: `error: Cannot validate ${conflist}: it does not exist\nhint: headcni conflist install writes it\n`,
    });
    node.conflist(["install"]);
    const valid = `${conflist} is valid, and every plugin it calls is in /opt/cni/bin\n`;
    expect(node.conflist(["validate"])).toEqual({ exitCode: 0, stdout: valid, stderr: "" });
    const table = (...rows: readonly (readonly [string, string])[]) =>
      expect.stringMatching(
        new RegExp(
          `^${conflist} cannot be used:\nWHERE +WHAT +REMEDY\n${rows.map(([what, remedy]) => `- +${what} +${remedy}\n`).join("")}$`,
        ),
      );
    const other = `${confDir}/05-other.conf`;
    node.write(other, `{"cniVersion":"0.3.1","name":"other","type":"bridge"}`);
    const taken = `is not in force: the runtime takes ${other} before it`;
    const install = "headcni conflist install moves it aside";
    expect(node.conflist(["validate"])).toEqual({ exitCode: 1, stdout: table([taken, install]), stderr: "" });
    node.write("/etc/headcni/config.yaml", "cni: {otherConfigs: keep}");
    expect(node.conflist(["validate"])).toEqual({
      exitCode: 0,
      stdout: `${valid}${other} is in force, not this file (cni.otherConfigs is keep)\n`,
      stderr: "",
    });
    expect(JSON.parse(node.conflist(["validate", "-o", "json"]).stdout)).toMatchObject({ valid: true, inForce: other });
    node.write(other, "{");
    expect(node.conflist(["validate"])).toEqual({
      exitCode: 1,
      stdout: table([
        `${taken}, and that one is not JSON`,
        "correct or remove 05-other.conf, or set cni.otherConfigs to moveAside",
      ]),
      stderr: "",
    });
    fs.rmSync(`${node.path}${other}`);
    fs.chownSync(`${node.path}${conflist}`, 1000, 1000);
    fs.chmodSync(`${node.path}${conflist}`, 0o666);
    const again = "headcni conflist install writes it anew";
    expect(node.conflist(["validate"])).toEqual({
      exitCode: 1,
      stdout: table(["belongs to 1000:1000, not to 0:0", again], ["has mode 0666, not 0600", again]),
      stderr: "",
    });
  });

  test("lists every problem of a file it is given, for people and as JSON", () => {
    using node = folderNode();
    node.write(
      "/tmp/mine.conflist",
      `{"cniVersion":"1.1.0","name":"mine","plugins":[{"type":"bridge","ipam":{"type":"host-local","subnet":"10.1.0.1/24"}}]}`,
    );
    for (const file of ["/tmp/mine.conflist", `${node.path}/tmp/mine.conflist`]) {
      const { exitCode, stdout } = node.conflist(["validate", file, "-o", "json"]);
      expect(exitCode).toBe(1);
      const { problems, ...facts } = JSON.parse(stdout);
      expect(facts).toEqual({ file, valid: false, binDir: "/opt/cni/bin" });
      expect(problems).toMatchObject([
        {
          path: "plugins[0].ipam.subnet",
          message: "is 10.1.0.1/24, which has host bits set",
          hint: "write 10.1.0.0/24",
        },
        { path: "plugins[0].type", message: "is bridge, and /opt/cni/bin/bridge does not support CNI 1.1.0" },
        {
          path: "plugins[0].ipam.type",
          message: "is host-local, and /opt/cni/bin/host-local does not support CNI 1.1.0",
        },
      ]);
    }
    const { stdout } = node.conflist(["validate", "/tmp/mine.conflist"]);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "/tmp/mine.conflist cannot be used:",
      expect.stringMatching(/^WHERE +WHAT +REMEDY$/),
      expect.stringMatching(
        /^plugins\[0\]\.ipam\.subnet +is 10\.1\.0\.1\/24, which has host bits set +write 10\.1\.0\.0\/24$/,
      ),
    ]);
  });
});

describe("headcni conflist install", () => {
  test("says what it would do, and does nothing, with --dry-run", () => {
    using node = folderNode();
    node.write(`${confDir}/05-calico.conflist`, calico);
    expect(node.conflist(["install", "--dry-run"])).toEqual({
      exitCode: 0,
      stdout: `PodCIDR 10.244.1.0/24 from the environment variable NODE_POD_CIDR
Would write ${conflist} (new file)
Would move 05-calico.conflist aside
`,
      stderr: "",
    });
    expect(node.names()).toEqual(["05-calico.conflist"]);
    expect(node.exists("/var/lib/headcni")).toBe(false);
    fs.rmSync(`${node.path}/opt/cni/bin/bridge`);
    const { exitCode, stdout } = node.conflist(["install", "--dry-run", "-o", "json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      path: conflist,
      reason: "absent",
      toMoveAside: ["05-calico.conflist"],
      problems: [{ path: "plugins[0].type" }],
    });
  });

  test("says what it did, each step with --verbose, and keeps others when told to", () => {
    using node = folderNode();
    node.write(`${confDir}/05-calico.conflist`, calico);
    node.write("/etc/headcni/config.yaml", "cni: {otherConfigs: keep}");
    expect(node.conflist(["install", "--verbose"])).toEqual({
      exitCode: 0,
      stdout: `PodCIDR 10.244.1.0/24 from the environment variable NODE_POD_CIDR
Wrote ${conflist} (new file)
05-calico.conflist stays and is preferred to ours (cni.otherConfigs is keep)
`,
      stderr: `rendered: 400 bytes
compared: absent
backed-up: ${backups}
validated
temporary-written: ${conflist}
temporary-synced: ${conflist}
renamed: ${conflist}
folder-synced: ${conflist}
`,
    });
  });

  test("does not change a PodCIDR that pods still use", () => {
    using node = folderNode();
    node.conflist(["install"]);
    const before = node.read(conflist);
    node.write("/var/lib/cni/networks/headcni/10.244.1.5", "0123456789ab\r\neth0");
    const { exitCode, stdout, stderr } = node.conflist(["install"], 1);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${conflist} is as it should be\n`);
    expect(stderr).toContain("warning: 10.244.1.0/24 stays in force: the PodCIDR is now 10.244.2.0/24");
    expect(node.read(conflist)).toBe(before);
  });
});

describe("headcni conflist, of names made to drive a terminal,", () => {
  test("shows them, and sends nothing", () => {
    using node = folderNode();
    const name = "05-\u001b[2J\n\u202e.conflist";
    node.write(`${confDir}/${name}`, calico);
    Bun.spawnSync(["mkfifo", `${node.path}${confDir}/06-\u001b[2J\n.conf`]);
    const shown = "05-\\u{1b}[2J\\u{a}\\u{202e}.conflist";
    const commands = [
      ["diff"],
      ["backup"],
      ["install", "--dry-run"],
      ["install", "--verbose"],
      ["backups"],
      ["restore", "--dry-run"],
      ["restore"],
    ];
    for (const command of commands) {
      const { stdout, stderr } = node.conflist(command);
      expect([command, stdout]).toEqual([command, expect.stringContaining(shown)]);
      for (const sent of ["\u001b", "\u202e", "2J\n"]) expect(`${stdout}${stderr}`).not.toContain(sent);
    }
  });
});

describe("headcni conflist backup and backups", () => {
  test("keep what is there, and list it", () => {
    using node = folderNode();
    expect(node.conflist(["backup"]).stdout).toBe(`There is no configuration in ${confDir}\n`);
    const list = (...args: readonly string[]) => {
      const { argv } = node.command(["backups", ...args]);
      return String(Bun.spawnSync(argv, { stdin: "ignore" }).stdout);
    };
    expect(list()).toBe("There are no backups\n");
    node.write(`${confDir}/05-calico.conflist`, calico);
    node.conflist(["install"]);
    node.conflist(["install"], 1);
    expect(node.conflist(["backup"], 1).stdout).toBe(`Kept 10-headcni.conflist of ${confDir}\n`);
    const time = "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";
    expect(list()).toMatch(
      new RegExp(
        `^WHEN +WHAT +FILE +KEPT AS
${time} +moved aside +${confDir}/05-calico.conflist +${confDir}/05-calico.conflist.headcni-aside
${time} +earlier version +${conflist} +${backups}/10-headcni.conflist.[0-9a-f]{12}
${time} +earlier version +${conflist} +${backups}/10-headcni.conflist.[0-9a-f]{12}
$`,
      ),
    );
    const [folder] = JSON.parse(list("-o", "json"));
    expect(folder).toMatchObject({
      confDir,
      folder: backups,
      aside: [{ name: "05-calico.conflist", mode: "0644", aside: "05-calico.conflist.headcni-aside", state: "aside" }],
      versions: [{ writtenBy: "headcni" }, { writtenBy: "headcni" }],
    });
  });
});

describe("headcni conflist restore", () => {
  test("says what it would do, does it, and has nothing to do after", () => {
    using node = folderNode();
    node.write(`${confDir}/05-calico.conflist`, calico);
    node.conflist(["install"]);
    expect(node.conflist(["restore", "--dry-run"]).stdout).toBe(
      `Would put back ${confDir}/05-calico.conflist\nWould remove ${conflist}\n`,
    );
    expect(node.names()).toEqual(["05-calico.conflist.headcni-aside", "10-headcni.conflist"]);
    expect(node.conflist(["restore"])).toEqual({
      exitCode: 0,
      stdout: `Put back ${confDir}/05-calico.conflist\nRemoved ${conflist}\n`,
      stderr: "",
    });
    expect(node.names()).toEqual(["05-calico.conflist"]);
    expect(node.conflist(["restore"]).stdout).toBe("There is nothing to restore\n");
  });

  test("restores every folder it has worked in", () => {
    using node = folderNode();
    const first = `cni: {confDir: /etc/first}`;
    node.write("/etc/first/05-a.conf", calico);
    node.write(`${confDir}/05-b.conf`, calico);
    node.write("/etc/headcni/config.yaml", first);
    node.conflist(["install"]);
    fs.rmSync(`${node.path}/etc/headcni/config.yaml`);
    node.conflist(["install"]);
    expect(node.conflist(["restore"]).exitCode).toBe(0);
    expect(fs.readdirSync(`${node.path}/etc/first`)).toEqual(["05-a.conf"]);
    expect(node.names()).toEqual(["05-b.conf"]);
  });

  test("ends with 1 and one sentence a file when something cannot go back", () => {
    using node = folderNode();
    node.write(`${confDir}/05-calico.conflist`, calico);
    node.conflist(["install"]);
    node.write(`${confDir}/05-calico.conflist`, "newer");
    expect(node.conflist(["restore"])).toEqual({
      exitCode: 1,
      stdout: `Left alone: ${confDir}/05-calico.conflist was written anew since and stays as it is; its original stays as 05-calico.conflist.headcni-aside
Removed ${conflist}
`,
      stderr: "",
    });
  });

  test("refuses beside a running daemon, which would undo it", () => {
    using node = folderNode();
    node.conflist(["install"]);
    node.write("/run/headcni/daemon.lock", "1\n");
    using lock = tryLockFile(`${node.path}/run/headcni/daemon.lock`);
    expect(lock).toBeDefined();
    const { exitCode, stderr } = node.conflist(["restore"]);
    expect(exitCode).toBe(5);
    expect(stderr).toBe(
      "error: Cannot restore: headcni-daemon runs on this node and would put its conflist back within seconds\n" +
        "hint: stop the daemon first; --dry-run shows what would be done\n",
    );
    expect(node.exists(conflist)).toBe(true);
  });
});
