import { describe, expect, test } from "bun:test";
import { HeadcniError } from "../sys/errors.ts";
import { tryLockExisting } from "../sys/locked-file.ts";
import { tempRoot } from "../sys/testing.ts";
import { dispatch } from "./dispatch.ts";
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
} from "./testing.ts";

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
    const { world, warnings } = fakePlugin({ root, env });
    const remove = () => {
      throw new HeadcniError("HC_FILE_WRITE", `Cannot write ${savedPath}: the file system is read-only`);
    };
    expect(await dispatch({ ...world, files: { ...world.files, remove } })).toEqual({ exitCode: 0, stdout: "" });
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

  test("waits for whoever still works on the attachment, and gives up at the deadline", async () => {
    using root = tempRoot();
    await fakePlugin({ root }).run();
    const held = tryLockExisting(`${root.path}${savedPath}`, 0);
    if (held === "held" || held === undefined) throw new Error("The lock should be free");
    const stdin = { ...selfContained, delegateTimeoutSeconds: 0.05 };
    const refused = fakePlugin({ root, env, stdin });
    expect(errorOf(await refused.run())).toMatchObject({
      code: 11,
      msg: "Another call for c1 eth0 still runs after 0.05 s",
    });
    expect(refused.starts).toEqual([]);
    const waiting = fakePlugin({ root, env }).run();
    held[Symbol.dispose]();
    expect((await waiting).exitCode).toBe(0);
  });

  test("keeps attachments apart that differ in one part only", async () => {
    using root = tempRoot();
    for (const change of [{}, { CNI_CONTAINERID: "c2" }, { CNI_IFNAME: "eth1" }])
      await fakePlugin({ root, env: change }).run();
    await fakePlugin({ root, stdin: { ...selfContained, name: "other" } }).run();
    await fakePlugin({ root, env }).run();
    const { files } = fakePlugin({ root }).world;
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
