import { describe, expect, test } from "bun:test";
import { tryLockExisting } from "../../sys/fs/locked-file.ts";
import type { ExecOptions } from "../../sys/process/exec.ts";
import { tempRoot } from "../../sys/testing.ts";
import { dispatch } from "../dispatch.ts";
import {
  commandsOf,
  type DelegateReply,
  type DelegateStart,
  errorOf,
  errorReply,
  fakePlugin,
  goodResult,
  replies,
  savedPath,
  selfContained,
  versionReply,
} from "../testing.ts";

const nodeState = { version: 1, nodeName: "n1", podCIDRs: ["10.244.1.0/24"], mtu: 1280, ipMasq: true, conditions: [] };

describe("ADD", () => {
  test("hands the delegate's result on untouched, and saves what it asked", async () => {
    using root = tempRoot();
    const stdout = `${JSON.stringify(goodResult, null, 4)}\n`;
    const plugin = fakePlugin({ root, reply: replies({ ADD: { stdout, stderr: "note\n" } }) });
    expect(await plugin.run()).toMatchObject({ exitCode: 0, stdout });
    expect(plugin.warnings()).toBe("note\n");
    expect(JSON.parse(root.read(savedPath))).toMatchObject({
      version: 1,
      network: "headcni",
      containerId: "c1",
      ifname: "eth0",
      cniVersion: "1.0.0",
      delegate: { type: "bridge", name: "headcni", ipam: { subnet: "10.1.0.0/24" } },
    });
    expect(fakePlugin({ root }).system.files.stat(savedPath)?.mode).toBe(0o600);
  });

  test.each([
    ["container veth name provided (eth0) already exists", "bridge and ptp 1.1"],
    ['container veth name ("eth0") peer provided ("veth1") already exists', "bridge and ptp since 1.2"],
    ['failed to rename macvlan to "eth0": file exists', "macvlan"],
  ])("takes down nobody's interface of the same name (%s, %s)", async (msg) => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, reply: replies({ ADD: errorReply(999, msg) }) });
    expect(errorOf(await plugin.run()).msg).toBe(msg);
    expect(plugin.starts.map(({ command }) => command)).toEqual(["ADD"]);
    expect(root.exists(savedPath)).toBe(false);
  });

  test("can be taken back when nobody hears of it, but not what was there before", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root });
    await (await plugin.run()).undo?.();
    expect(plugin.starts.map(({ command }) => command)).toEqual(["ADD", "DEL"]);
    expect(root.exists(savedPath)).toBe(false);
    await fakePlugin({ root }).run();
    expect((await fakePlugin({ root }).run()).undo).toBeUndefined();
  });

  test("hands numbers on digit by digit", async () => {
    using root = tempRoot();
    const args = '{"id":9007199254740993,"list":[18446744073709551615,-0,1e400,0.10000000000000000555,1e3]}';
    const text = JSON.stringify({ ...selfContained, args: 0 }).replace('"args":0', `"args":${args}`);
    const result = `{"cniVersion":"0.4.0","ips":[],"ids":[9007199254740993]}`;
    let asked = "";
    const plugin = fakePlugin({ root, stdin: text, reply: replies({ ADD: { stdout: result } }) });
    const run = plugin.system.exec.run;
    const exec = {
      run: (argv: readonly string[], options?: ExecOptions) => {
        asked = String(options?.stdin);
        return run(argv, options);
      },
    };
    const output = await dispatch({ ...plugin.system, exec });
    expect(asked).toContain(args.replace("1e3", "1000"));
    expect(output.stdout).toContain('"ids":[9007199254740993]');
    expect(root.read(savedPath)).toContain("18446744073709551615");
  });

  test("refuses what is nested deeper than any delegate reads, and what is too long to be saved", async () => {
    using root = tempRoot();
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const withArgs = (args: string) =>
      JSON.stringify({ ...selfContained, args: 0 }).replace('"args":0', `"args":${args}`);
    const deep = fakePlugin({ root, stdin: withArgs(nested(10_001)) });
    expect(errorOf(await deep.run())).toMatchObject({ code: 6, msg: expect.stringContaining("nested deeper") });
    const long = fakePlugin({ root, stdin: withArgs(JSON.stringify("x".repeat(1 << 20))) });
    expect(errorOf(await long.run())).toMatchObject({ code: 7, msg: expect.stringContaining("larger than 1048576") });
    const fine = fakePlugin({ root, stdin: withArgs(nested(2000)) });
    expect((await fine.run()).exitCode).toBe(0);
    expect(root.read(savedPath).length).toBeLessThan(6000);
    expect([...deep.starts, ...long.starts]).toEqual([]);
  });

  test("passes the environment on unchanged, and the lock of the saved call", async () => {
    using root = tempRoot();
    const env = { CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=p", LC_ALL: "C" };
    const plugin = fakePlugin({ root, env });
    await plugin.run();
    expect(plugin.starts[0]?.env).toEqual({ ...plugin.system.env } as Record<string, string>);
    expect(plugin.starts[0]?.heldFd).toBeNumber();
  });

  test("holds the lock while the delegate runs, and lets go after", async () => {
    using root = tempRoot();
    const seen: unknown[] = [];
    const look = () => tryLockExisting(`${root.path}${savedPath}`, 0);
    const plugin = fakePlugin({
      root,
      reply: () => {
        seen.push(look().kind);
        return { stdout: JSON.stringify(goodResult) };
      },
    });
    await plugin.run();
    expect(seen).toEqual(["held"]);
    const free = look();
    expect(free.kind).not.toBe("held");
    if (free.kind === "locked") free.file[Symbol.dispose]();
  });

  test("takes subnet, MTU and masquerading from the daemon's file, or its copy when that is missing or wrong", async () => {
    using root = tempRoot();
    const stdin = { cniVersion: "1.0.0", name: "headcni", type: "headcni" };
    root.write("/var/lib/headcni/node.json", JSON.stringify(nodeState));
    root.write("/run/headcni/node.json", "{");
    const plugin = fakePlugin({ root, stdin });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(plugin.starts[0]?.config).toMatchObject({ ipMasq: true, mtu: 1280, ipam: { subnet: "10.244.1.0/24" } });
  });

  test("asks to try again later when nobody knows the PodCIDR, naming the files and what to do", async () => {
    using root = tempRoot();
    root.write("/var/lib/headcni/node.json", '{"version":2}');
    const plugin = fakePlugin({ root, stdin: { cniVersion: "0.4.0", name: "headcni", type: "headcni" } });
    expect(errorOf(await plugin.run())).toEqual({
      cniVersion: "0.4.0",
      code: 11,
      msg:
        "No PodCIDR is known for this node: /run/headcni/node.json does not exist, " +
        "/var/lib/headcni/node.json has version 2, this plugin reads version 1",
      details:
        "start headcni-daemon on this node, which writes the file, or set delegate.ipam.subnet in the CNI config",
    });
    expect(plugin.starts).toEqual([]);
  });

  test("lets a refusal through byte for byte with its exit code, after taking down what was made", async () => {
    using root = tempRoot();
    const stdout = '{ "cniVersion":"1.0.0", "code": 999, "msg":"no IP addresses available" }';
    const plugin = fakePlugin({ root, reply: replies({ ADD: { exitCode: 3, stdout } }) });
    expect(await plugin.run()).toEqual({ exitCode: 3, stdout });
    expect(commandsOf(plugin.starts)).toEqual(["bridge ADD 1.0.0", "bridge DEL 1.0.0"]);
    expect(root.exists(savedPath)).toBe(false);
  });

  test("keeps the first error and the saved call when taking down fails too", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({
      root,
      reply: replies({ ADD: errorReply(999, "first"), DEL: errorReply(999, "second") }),
    });
    expect(errorOf(await plugin.run()).msg).toBe("first");
    expect(plugin.warnings()).toContain("second");
    expect(root.exists(savedPath)).toBe(true);
  });

  test.each<readonly [string, DelegateReply, number, string]>([
    [
      "hangs",
      { timedOut: true, signal: "SIGKILL", exitCode: null },
      11,
      "did not finish ADD within 30 s and was killed",
    ],
    ["is killed", { signal: "SIGSEGV", exitCode: null }, 999, "was killed by SIGSEGV"],
    [
      "prints without end",
      { outputTooLong: true, signal: "SIGKILL", exitCode: null },
      999,
      "printed more than 1048576",
    ],
    ["fails silently", { exitCode: 2 }, 999, "failed with exit code 2 and printed no CNI error"],
    ["fails with text", { exitCode: 2, stdout: "panic" }, 999, "failed with exit code 2 and printed no CNI error"],
    ["fails with JSON that is no error", { exitCode: 1, stdout: "{}" }, 999, "printed no CNI error"],
    ["prints nothing", { stdout: "" }, 6, "it is not one JSON object"],
    ["prints rubbish", { stdout: "ok" }, 6, "it is not one JSON object"],
    ["prints a list", { stdout: "[]" }, 6, "it is not one JSON object"],
    ["prints two objects", { stdout: "{}\n{}" }, 6, "it is not one JSON object"],
    ["cannot be started", { startError: "EACCES" }, 999, "cannot be started: permission denied"],
    ["has no loader", { startError: "ENOENT" }, 999, "cannot be started: does not exist"],
  ])("says so when the delegate %s, and takes down what it may have made", async (_name, reply, code, msg) => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, reply: replies({ ADD: reply }) });
    const output = await plugin.run();
    expect(output.exitCode).toBe(1);
    expect(errorOf(output)).toMatchObject({ cniVersion: "1.0.0", code, msg: expect.stringContaining(msg) });
    expect(errorOf(output).msg).toContain("bridge");
    expect(commandsOf(plugin.starts).at(-1)).toBe("bridge DEL 1.0.0");
    expect(root.exists(savedPath)).toBe(false);
  });

  test("shows what a delegate that failed had printed", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, reply: replies({ ADD: { exitCode: 2, stderr: "panic: nil map\n" } }) });
    expect(errorOf(await plugin.run()).details).toBe("stderr: panic: nil map");
  });

  test("leaves no trace when the delegate is nowhere on CNI_PATH", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, env: { CNI_PATH: "/nowhere::/opt" } });
    expect(errorOf(await plugin.run())).toMatchObject({
      code: 999,
      msg: "Delegate bridge not found in /nowhere::/opt",
    });
    expect(root.exists("/var/lib/headcni")).toBe(false);
  });

  test("names a link that leads nowhere when the delegate is nowhere else", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root });
    plugin.system.files.remove("/opt/cni/bin/bridge");
    plugin.system.files.symlink("/usr/lib/cni/bridge", "/opt/cni/bin/bridge");
    expect(errorOf(await plugin.run()).msg).toBe(
      "Delegate bridge not found in /opt/cni/bin: /opt/cni/bin/bridge is a link to /usr/lib/cni/bridge, which does not exist",
    );
  });

  test("takes nothing down when the attachment was there before, and keeps its saved call", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const before = root.read(savedPath);
    const again = { ...selfContained, delegate: { ...selfContained.delegate, mtu: 9000 } };
    const plugin = fakePlugin({ root, stdin: again, reply: replies({ ADD: errorReply(999, "already exists") }) });
    expect(errorOf(await plugin.run()).msg).toBe("already exists");
    expect(commandsOf(plugin.starts)).toEqual(["bridge ADD 1.0.0"]);
    expect(root.read(savedPath)).toBe(before);
  });

  test("replaces the saved call of an attachment that was there before when ADD succeeds", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const again = { ...selfContained, delegate: { ...selfContained.delegate, mtu: 9000 } };
    await fakePlugin({ root, stdin: again }).run();
    expect(JSON.parse(root.read(savedPath))).toMatchObject({ delegate: { mtu: 9000 } });
  });

  test("says which folder cannot be written, before the delegate is started", async () => {
    using root = tempRoot();
    root.write("/var/lib/headcni", "a file");
    const plugin = fakePlugin({ root });
    expect(errorOf(await plugin.run())).toMatchObject({
      code: 5,
      msg: expect.stringContaining(`Cannot save the delegate config as ${savedPath}`),
    });
    expect(plugin.starts).toEqual([]);
  });

  test("starts a delegate that is just being written as soon as it can be", async () => {
    using root = tempRoot();
    let tries = 0;
    const reply = (): DelegateReply => {
      tries += 1;
      return tries < 3 ? { startError: "ETXTBSY" } : { stdout: JSON.stringify(goodResult) };
    };
    const plugin = fakePlugin({ root, reply });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(plugin.starts).toHaveLength(3);
  });
});

describe("a delegate too old for the config's version", () => {
  const newest = { ...selfContained, cniVersion: "1.1.0" };
  const old = ({ type, command, config }: DelegateStart): DelegateReply => {
    if (command === "VERSION") return versionReply("0.4.0", "1.0.0");
    if (config.cniVersion === "1.1.0") return errorReply(1, `${type}: incompatible CNI versions`);
    return command === "ADD" ? { stdout: JSON.stringify(goodResult) } : {};
  };

  test("is asked in the newest it speaks; the result and later calls follow", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, stdin: newest, reply: old });
    const { exitCode, stdout } = await plugin.run();
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ...goodResult, cniVersion: "1.1.0" });
    expect(commandsOf(plugin.starts)).toEqual([
      "bridge ADD 1.1.0",
      "bridge VERSION 1.1.0",
      "host-local VERSION 1.1.0",
      "bridge ADD 1.0.0",
    ]);
    const prevResult = { ...goodResult, cniVersion: "1.1.0", interfaces: [{ name: "eth0", mtu: 1280 }] };
    for (const command of ["CHECK", "DEL"]) {
      const next = fakePlugin({ root, stdin: { ...newest, prevResult }, env: { CNI_COMMAND: command }, reply: old });
      expect(await next.run()).toEqual({ exitCode: 0, stdout: "" });
      expect(commandsOf(next.starts)).toEqual([`bridge ${command} 1.0.0`]);
      expect(next.starts[0]?.config.prevResult).toMatchObject({ cniVersion: "1.0.0", interfaces: [{ name: "eth0" }] });
    }
  });

  test("is taken down first when only its IPAM plugin is too old: the interface was there already", async () => {
    using root = tempRoot();
    const reply = (start: DelegateStart): DelegateReply =>
      start.command === "VERSION" && start.type === "bridge" ? versionReply("1.0.0", "1.1.0") : old(start);
    const plugin = fakePlugin({ root, stdin: newest, reply });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(commandsOf(plugin.starts).slice(-2)).toEqual(["bridge DEL 1.0.0", "bridge ADD 1.0.0"]);
  });

  test("has its own words when there is no version both speak", async () => {
    using root = tempRoot();
    const reply = (start: DelegateStart): DelegateReply =>
      start.command === "VERSION" ? versionReply("0.2.0") : old({ ...start, config: newest });
    expect(errorOf(await fakePlugin({ root, stdin: newest, reply }).run())).toMatchObject({
      code: 1,
      msg: "bridge: incompatible CNI versions",
    });
  });
});
