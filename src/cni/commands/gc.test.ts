import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { savedCallPath } from "../../attachments/saved-call.ts";
import { tryLockExisting } from "../../sys/fs/locked-file.ts";
import type { JsonObject } from "../../sys/json.ts";
import { type TempRoot, tempRoot } from "../../sys/testing.ts";
import { errorOf, errorReply, fakePlugin, replies, selfContained } from "../testing.ts";

describe("GC", () => {
  const env = { CNI_COMMAND: "GC" };
  const gc = (valid: unknown) =>
    ({ ...selfContained, cniVersion: "1.1.0", "cni.dev/valid-attachments": valid }) as JsonObject;
  const lease = (ip: string) => `/var/lib/cni/networks/headcni/${ip}`;
  const past = new Date(Date.UTC(2026, 0, 1));

  function writeLeases(root: TempRoot): void {
    const contents = { "10.1.0.2": "c1\r\neth0", "10.1.0.3": "gone\r\neth0", "10.1.0.4": "", "10.1.0.5": "c1\r\neth1" };
    for (const [ip, text] of Object.entries(contents)) {
      root.write(lease(ip), text);
      fs.utimesSync(`${root.path}${lease(ip)}`, past, past);
    }
    root.write(lease("lock"), "");
    root.write(lease("last_reserved_ip.0"), "10.1.0.5");
  }

  test("forwards the list, and frees leases and saved calls that are not in it", async () => {
    using root = tempRoot();
    writeLeases(root);
    for (const id of ["c1", "gone"]) await fakePlugin({ root, env: { CNI_CONTAINERID: id } }).run();
    backdate(root, "/var/lib/headcni/cni");
    const valid = [{ containerID: "c1", ifname: "eth0" }];
    const plugin = fakePlugin({ root, env, stdin: gc(valid) });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
    expect(plugin.starts[0]).toMatchObject({ command: "GC", config: { "cni.dev/valid-attachments": valid } });
    const { files } = plugin.system;
    expect(files.list("/var/lib/cni/networks/headcni")).toEqual(["10.1.0.2", "last_reserved_ip.0", "lock"]);
    expect(files.list("/var/lib/headcni/cni")).toEqual(["headcni@c1@eth0.json"]);
  });

  test.each([
    ["the wrong version", errorReply(1)],
    ["an unknown command", errorReply(4)],
  ])("passes over a delegate that calls it %s", async (_name, reply) => {
    using root = tempRoot();
    const plugin = fakePlugin({ root, env, stdin: gc([]), reply: replies({ GC: reply }) });
    expect(await plugin.run()).toEqual({ exitCode: 0, stdout: "" });
  });

  test("lets a refusal through after it has swept", async () => {
    using root = tempRoot();
    writeLeases(root);
    const plugin = fakePlugin({ root, env, stdin: gc(null), reply: replies({ GC: errorReply(999, "own trouble") }) });
    expect(errorOf(await plugin.run()).msg).toBe("own trouble");
    expect(plugin.system.files.list("/var/lib/cni/networks/headcni")).toEqual(["last_reserved_ip.0", "lock"]);
  });

  test("frees nothing when the runtime names no list at all", async () => {
    using root = tempRoot();
    writeLeases(root);
    const plugin = fakePlugin({ root, env, stdin: { ...selfContained, cniVersion: "1.1.0" } });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(root.exists(lease("10.1.0.3"))).toBe(true);
  });

  test.each([
    ["no list", {}],
    ["a list of text", ["c1"]],
    ["an attachment without interface", [{ containerID: "c1" }]],
  ])("refuses %s, and frees nothing", async (_name, valid) => {
    using root = tempRoot();
    writeLeases(root);
    const plugin = fakePlugin({ root, env, stdin: gc(valid) });
    expect(errorOf(await plugin.run()).code).toBe(7);
    expect(root.exists(lease("10.1.0.3"))).toBe(true);
  });

  test("reads libcni's older name of the list too", async () => {
    using root = tempRoot();
    writeLeases(root);
    const { "cni.dev/valid-attachments": list, ...rest } = gc([{ containerID: "c1", ifname: "eth0" }]);
    const plugin = fakePlugin({ root, env, stdin: { ...rest, "cni.dev/attachments": list } });
    expect((await plugin.run()).exitCode).toBe(0);
    expect(root.exists(lease("10.1.0.2"))).toBe(true);
    expect(root.exists(lease("10.1.0.3"))).toBe(false);
  });

  test("spares an attachment that is being worked on, and what was made since it began", async () => {
    using root = tempRoot();
    writeLeases(root);
    await fakePlugin({ root, env: { CNI_CONTAINERID: "gone" } }).run();
    backdate(root, "/var/lib/headcni/cni");
    const path = savedCallPath("/var/lib/headcni/cni", { network: "headcni", containerId: "gone", ifname: "eth0" });
    const held = tryLockExisting(`${root.path}${path}`, 0);
    root.write(lease("10.1.0.9"), "new\r\neth0");
    // As if it were made while the sweep goes on, however long that takes to begin here.
    const soon = Date.now() / 1000 + 60;
    fs.utimesSync(`${root.path}${lease("10.1.0.9")}`, soon, soon);
    const later = { ...fakePlugin({ root, env, stdin: gc([]) }) };
    expect((await later.run()).exitCode).toBe(0);
    expect(root.exists(lease("10.1.0.3"))).toBe(true);
    expect(root.exists(path)).toBe(true);
    expect(root.exists(lease("10.1.0.9"))).toBe(true);
    expect(root.exists(lease("10.1.0.2"))).toBe(false);
    if (held.kind === "locked") held.file[Symbol.dispose]();
  });

  test("sweeps the folders saved calls name, too", async () => {
    using root = tempRoot();
    const delegate = { ipam: { ...selfContained.delegate.ipam, dataDir: "/d" } };
    await fakePlugin({ root, stdin: { ...selfContained, delegate } }).run();
    root.write("/d/headcni/10.1.0.7", "gone\r\neth0");
    backdate(root, "/d/headcni");
    await fakePlugin({ root, env, stdin: gc([]) }).run();
    expect(root.exists("/d/headcni/10.1.0.7")).toBe(false);
  });

  test("needs 1.1.0", async () => {
    using root = tempRoot();
    expect(errorOf(await fakePlugin({ root, env }).run())).toMatchObject({ code: 1 });
  });

  function backdate(root: TempRoot, folder: string): void {
    for (const name of fs.readdirSync(`${root.path}${folder}`))
      fs.utimesSync(`${root.path}${folder}/${name}`, past, past);
  }
});
