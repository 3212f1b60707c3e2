import { describe, expect, test } from "bun:test";
import { HeadcniError } from "../../sys/errors.ts";
import { tryLockExisting } from "../../sys/fs/locked-file.ts";
import { type TempRoot, tempRoot } from "../../sys/testing.ts";
import { dispatch } from "../dispatch.ts";
import {
  type DelegateReply,
  type DelegateStart,
  errorOf,
  errorReply,
  fakePlugin,
  goodResult,
  replies,
  savedPath,
  selfContained,
} from "../testing.ts";

describe("DEL", () => {
  const env = { CNI_COMMAND: "DEL", CNI_NETNS: "" };

  test("asks what ADD asked, whatever the node's settings are now, and forgets it", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const plugin = fakePlugin({ root, env, stdin: { cniVersion: "1.0.0", name: "headcni", type: "headcni" } });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    expect(plugin.starts[0]?.config).toMatchObject({ ipam: { subnet: "10.1.0.0/24" }, cniVersion: "1.0.0" });
    expect(root.exists(savedPath)).toBe(false);
  });

  test("succeeds without a saved call, without the daemon, and again", async () => {
    using root = tempRoot();
    for (let time = 0; time < 2; time++) {
      const plugin = fakePlugin({ root, env, stdin: { cniVersion: "1.0.0", name: "headcni", type: "headcni" } });
      expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
      expect(plugin.starts[0]?.config).toMatchObject({ bridge: "headcni0", ipam: { type: "host-local" } });
    }
  });

  test.each([
    ["empty", ""],
    ["torn", '{"version":1,"netw'],
    [
      "of another attachment",
      '{"version":1,"network":"headcni","containerId":"c2","ifname":"eth0","cniVersion":"1.0.0"}',
    ],
    ["of another version", '{"version":2}'],
    ["rubbish", "\0\0\0\0"],
  ])("renders anew when the saved call is %s, and removes it", async (_name, text) => {
    using root = tempRoot();
    root.write(savedPath, text);
    const plugin = fakePlugin({ root, env });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    expect(plugin.starts[0]?.config).toMatchObject({ ipam: { subnet: "10.1.0.0/24" } });
    expect(root.exists(savedPath)).toBe(false);
  });

  test("lets a refusal through and keeps the saved call for the next try", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const plugin = fakePlugin({ root, env, reply: replies({ DEL: errorReply(11, "busy") }) });
    expect(errorOf(await plugin.run())).toMatchObject({ code: 11, msg: "busy" });
    expect(root.exists(savedPath)).toBe(true);
  });

  test("succeeds with a line for people when the saved call cannot be removed", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const { system, warnings } = fakePlugin({ root, env });
    const remove = () => {
      throw new HeadcniError("HC_FILE_WRITE", `Cannot write ${savedPath}: the file system is read-only`);
    };
    expect(await dispatch({ ...system, files: { ...system.files, remove } })).toEqual({ exitCode: 0, stdout: "" });
    expect(warnings()).toBe(`headcni: Cannot write ${savedPath}: the file system is read-only\n`);
  });

  test("asks a second time after a refusal, which may be about what the first time took away", async () => {
    using root = tempRoot();
    let times = 0;
    const reply = ({ command }: DelegateStart): DelegateReply => {
      if (command !== "DEL") return {};
      times += 1;
      return times === 1 ? errorReply(999, "Chain does not exist") : {};
    };
    const plugin = fakePlugin({ root, env, reply });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    // The second time without the namespace, because there is none under that name.
    expect(plugin.starts.map((start) => start.env.CNI_NETNS)).toEqual(["", ""]);
  });

  function holdLock(root: TempRoot): Disposable {
    const held = tryLockExisting(`${root.path}${savedPath}`, 0);
    if (held.kind !== "locked") throw new Error("The lock should be free");
    return held.file;
  }

  test("waits for whoever still works on the attachment", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const held = holdLock(root);
    const plugin = fakePlugin({ root, env });
    const waiting = plugin.run();
    expect(plugin.starts).toEqual([]);
    held[Symbol.dispose]();
    expect((await waiting).exitCode).toBe(0);
  });

  test("goes on after the deadline of the one it waits for, asking what ADD asked; CHECK does not", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    using _held = holdLock(root);
    const config = { cniVersion: "1.0.0", name: "headcni", type: "headcni", delegateTimeoutSeconds: 0.05 };
    const check = fakePlugin({ root, env: { ...env, CNI_COMMAND: "CHECK", CNI_NETNS: "/x" }, stdin: config });
    const problem = { code: 11, msg: "Another call for c1 eth0 still runs after 0.05 s" };
    expect(errorOf(await check.run())).toMatchObject(problem);
    const plugin = fakePlugin({ root, env, stdin: config });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(plugin.warnings()).toContain("still runs after 0.05 s");
    expect(plugin.starts[0]?.config).toMatchObject({ ipam: { subnet: "10.1.0.0/24" } });
    expect(root.exists(savedPath)).toBe(false);
  });

  test.each<[string, DelegateReply]>([
    ["refused", errorReply(999, "failed to load netconf")],
    ["not to be started", { startError: "ENOENT" }],
  ])("asks as the configuration is now when what was saved is %s", async (_name, reply) => {
    using root = tempRoot();
    const bad = { ...selfContained, delegate: { ...selfContained.delegate, mtu: "1280" } };
    const answer = ({ config }: DelegateStart): DelegateReply => (config.mtu === "1280" ? reply : {});
    await fakePlugin({ root, stdin: bad, reply: answer }).run();
    expect(root.exists(savedPath)).toBe(true);
    const plugin = fakePlugin({ root, env, reply: answer });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    expect(plugin.starts.at(-1)?.config).not.toHaveProperty("mtu");
    expect(root.exists(savedPath)).toBe(false);
  });

  test("runs nothing a saved call must not name", async () => {
    using root = tempRoot();
    const saved = { version: 1, network: "headcni", containerId: "c1", ifname: "eth0", cniVersion: "1.0.0" };
    for (const type of ["headcni", "../bridge", ""]) {
      root.write(savedPath, JSON.stringify({ ...saved, delegate: { type } }));
      const plugin = fakePlugin({ root, env });
      expect((await plugin.run()).exitCode).toBe(0);
      expect(plugin.starts.map((start) => start.type)).toEqual(["bridge"]);
    }
  });

  test("keeps attachments apart that differ in one part only", async () => {
    using root = tempRoot();
    for (const change of [{}, { CNI_CONTAINERID: "c2" }, { CNI_IFNAME: "eth1" }])
      await fakePlugin({ root, env: change }).run();
    await fakePlugin({ root, stdin: { ...selfContained, name: "other" } }).run();
    await fakePlugin({ root, env }).run();
    const { files } = fakePlugin({ root }).system;
    expect(files.list("/var/lib/headcni/cni")).toEqual([
      "headcni@c1@eth1.json",
      "headcni@c2@eth0.json",
      "other@c1@eth0.json",
    ]);
  });
});

describe("CHECK", () => {
  const env = { CNI_COMMAND: "CHECK" };

  test("asks with what was saved and the result of ADD", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const plugin = fakePlugin({ root, env, stdin: { ...selfContained, prevResult: goodResult } });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    expect(plugin.starts[0]?.config.prevResult).toEqual(goodResult);
    expect(root.exists(savedPath)).toBe(true);
  });

  test("lets a refusal through", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, env, reply: replies({ CHECK: errorReply(999, "no eth0") }) });
    expect(errorOf(await plugin.run()).msg).toBe("no eth0");
  });

  test("needs 0.4.0", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, env, stdin: { ...selfContained, cniVersion: "0.3.1" } });
    expect(errorOf(await plugin.run())).toMatchObject({ code: 1, msg: "config version does not allow CHECK" });
  });
});
