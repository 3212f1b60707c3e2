// The daemon from its first look at a node to its end.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath, headcni, headcniDaemon } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import {
  bootDaemon,
  conditionCodes,
  configFile,
  flannelFile,
  flannelNode,
  get,
  logLines,
  subnetEnv,
  subnetOf,
  waitForOutput,
} from "./daemon.ts";

describe("headcni-daemon", () => {
  test("gives a node it has never seen its conflist, says where the PodCIDR came from, serves, and ends at SIGTERM", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);

    expect(subnetOf(node)).toBe("10.42.3.0/24");
    const line = logLines(daemon.output()).find(({ msg }) => msg.startsWith("PodCIDR"));
    expect(line).toMatchObject({
      level: "info",
      code: "PodCIDRFound",
      msg: `PodCIDR 10.42.3.0/24 from file ${subnetEnv}, line 2`,
      podCIDRs: ["10.42.3.0/24"],
      source: "file",
      file: subnetEnv,
      line: 2,
      authoritative: true,
    });
    expect(await conditionCodes(node)).toEqual([]);
    expect((await get(node, "/healthz")).status).toBe(200);
    expect((await get(node, "/readyz")).status).toBe(200);
    expect(JSON.parse((await get(node, "/status")).body)).toMatchObject({
      ready: true,
      nodeName: "node-1",
      pid: expect.any(Number),
    });
    const metrics = (await get(node, "/metrics")).body;
    expect(metrics).toMatch(/^headcni_podcidr_info\{source="file",cidr="10\.42\.3\.0\/24"\} 1$/m);
    expect(metrics).toMatch(/^headcni_conflist_writes_total\{reason="absent"\} 1$/m);
    expect(metrics).toMatch(/^headcni_build_info\{version="\d[^"]*",commit="[^"]+"\} 1$/m);
    expect((await get(node, "/status", { method: "HEAD" })).body).toBe("");
    expect((await get(node, "/nothing")).status).toBe(404);
    expect((await get(node, "/status", { method: "POST" })).status).toBe(405);
    for (const [host, status] of [
      ["localhost:9465", 200],
      ["[::1]", 200],
      ["evil.example.com", 403],
      ["[bad", 400],
    ] as const) {
      expect((await get(node, "/status", { host })).status, host).toBe(status);
    }

    const before = node.read(conflistPath);
    expect(await daemon.stop()).toBe(0);
    expect(node.read(conflistPath)).toBe(before);
  });

  test("ends on SIGINT too, and headcni status says then what to do", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    expect((await node.run([headcni, "status"])).stdout).toContain("No conditions: all is well");
    daemon.kill("SIGINT");
    expect(await daemon.exited).toBe(0);
    const { exitCode, stderr } = await node.run([headcni, "status"]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "error: Cannot ask the daemon on 127.0.0.1:9465: it does not run, or listens elsewhere\n" +
        "hint: start headcni-daemon; its log says where status is served\n",
    );
  });

  test("leaves one running daemon alone: the second names it and ends with 5", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const pid = node.read("/run/headcni/daemon.lock").trim();
    for (const args of [[], ["--once"]]) {
      const { exitCode, stderr } = await node.run([headcniDaemon, ...args]);
      expect(exitCode).toBe(5);
      expect(stderr).toContain(`another headcni-daemon runs on this node (process ${pid})`);
    }
    daemon.kill("SIGKILL");
    expect(await daemon.exited).toBe(128 + 9);
    const next = await bootDaemon(node);
    expect(await next.stop()).toBe(0);
  });

  test("says a taken port, goes on, and serves once it is free", async () => {
    await using node = await flannelNode();
    const other = await node.spawn([
      process.execPath,
      "-e",
      "Bun.serve({ hostname: '127.0.0.1', port: 9465, fetch: () => new Response('other') }); console.log('up')",
    ]);
    await waitForOutput(other, "up");
    const daemon = await node.spawn([headcniDaemon]);
    await waitForOutput(daemon, "StatusServerNotListening");
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    const { exitCode, stderr } = await node.run([headcni, "status"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("what answers there is not headcni-daemon");
    const remembered = () =>
      JSON.parse(node.read("/run/headcni/node.json")).conditions.map(({ code }: { code: string }) => code);
    await waitUntil("it is written down", () => remembered().includes("StatusServerNotListening"));
    await other.stop();
    await waitForOutput(daemon, "Status and metrics are served on");
    expect(await conditionCodes(node)).toEqual([]);
    await waitUntil("it is written down that all is well", () => remembered().length === 0);
    expect(await daemon.stop()).toBe(0);
  });

  test("takes its lock back when /run/headcni was removed, so that a second daemon does not start", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const pid = node.read("/run/headcni/daemon.lock");
    fs.rmSync(node.path("/run/headcni"), { recursive: true });
    const files = ["daemon.lock", "status-address"].map((name) => `/run/headcni/${name}`);
    await waitUntil("the lock is back", () => files.every((path) => node.exists(path)));
    expect(node.read("/run/headcni/daemon.lock")).toBe(pid);
    expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(5);
    expect(await daemon.stop()).toBe(0);
  });

  test("ends with 5 when /run/headcni was removed and a second daemon has started", async () => {
    await using node = await flannelNode();
    const first = await bootDaemon(node);
    fs.rmSync(node.path("/run/headcni"), { recursive: true });
    const second = await node.spawn([headcniDaemon], { log: "/var/log/second.log" });
    // Which of the two gets the lock is a race; that one of them does not is none.
    const ended = await Promise.race([first.exited.then(() => first), second.exited.then(() => second)]);
    expect(await ended.exited).toBe(5);
    expect(ended.output()).toContain("another headcni-daemon");
    const other = ended === first ? second : first;
    await waitForOutput(other, "Status and metrics are served on");
    expect(await other.stop()).toBe(0);
  });

  test.each([
    ["process \\d+", ""],
    ["in another container", "--pid --fork --mount-proc"],
  ])(
    "starts and touches nothing beside one that sees other files in the same network namespace (%s)",
    async (holder, more) => {
      await using node = await flannelNode();
      const daemon = await bootDaemon(node);
      const own = "for dir in /var/lib /etc/cni /run; do mount --no-mtab -t tmpfs none $dir; done";
      const script = `${own}; ${headcniDaemon} --once --node-name other; code=$?; rm -rf /run/mount; ls -A /run /var/lib /etc/cni; exit $code`;
      const { exitCode, stdout, stderr } = await node.run(
        ["unshare", "--mount", ...more.split(" ").filter(Boolean), "sh", "-c", script],
        {
          env: { NODE_POD_CIDR: "10.99.0.0/24" },
        },
      );
      expect(exitCode).toBe(5);
      expect(stderr).toMatch(new RegExp(`Cannot start: another headcni-daemon runs on this node \\(${holder}\\)`));
      expect(stdout).toBe("/etc/cni:\n\n/run:\n\n/var/lib:\n");
      // However that one's files look: what restores them would fight the daemon.
      expect((await node.run(["unshare", "--mount", "sh", "-c", `${own}; ${headcni} conflist restore`])).exitCode).toBe(
        5,
      );
      daemon.kill("SIGKILL");
      await daemon.exited;
      expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(0);
    },
  );

  test("starts although a user of the machine holds the name that keeps a second one out", async () => {
    await using node = await flannelNode();
    const hold = "Bun.listen({ unix: '\\0headcni-daemon', socket: { data() {} } }); console.log('held')";
    const user = ["setpriv", "--reuid", "1000", "--clear-groups"];
    const other = await node.spawn([...user, process.execPath, "-e", hold], { log: "/var/log/holder.log" });
    await waitForOutput(other, "held");
    const daemon = await bootDaemon(node);
    expect(daemon.output()).toContain("@headcni-daemon is held by user 1000");
    expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(5);
    expect(await daemon.stop()).toBe(0);
  });

  test("ends also while a plugin hangs, without waiting for it, and takes that and what it started along", async () => {
    await using node = await flannelNode();
    await node.must(["rm", "/opt/cni/bin/bridge"]);
    node.write("/opt/cni/bin/bridge", "#!/bin/sh\nsleep 3071 &\necho $$ $! > /var/log/hung\nwait\n");
    await node.must(["chmod", "755", "/opt/cni/bin/bridge"]);
    for (const [args, code] of [
      [[], 0],
      [["--once"], 4],
    ] as const) {
      fs.rmSync(node.path("/var/log/hung"), { force: true });
      const daemon = await node.spawn([headcniDaemon, ...args], { log: `/var/log/hang-${code}.log` });
      await waitUntil("it asks the plugin", () =>
        /\d\n/.test(node.exists("/var/log/hung") ? node.read("/var/log/hung") : ""),
      );
      expect(await daemon.stop()).toBe(code);
      const left = async (): Promise<boolean> => (await node.run(["pgrep", "-x", "sleep"])).exitCode === 0;
      await waitUntil("nothing is left of the plugin", async () => !(await left()));
      expect(daemon.output()).not.toContain("ConflistInvalid");
    }
  });

  test("runs nothing of the folder it is started in", async () => {
    await using node = await flannelNode({
      "/trap/.env": "NODE_POD_CIDR=10.66.0.0/24\n",
      "/trap/bunfig.toml": 'preload = ["./run.ts"]\n',
      "/trap/run.ts": 'require("node:fs").writeFileSync("/trap/it-ran", "");\n',
      "/trap/package.json": '{ "name": "trap", "main": "run.ts" }\n',
    });
    const { exitCode } = await node.run(["sh", "-c", `cd /trap && exec ${headcniDaemon} --once`]);
    expect(exitCode).toBe(0);
    expect(node.exists("/trap/it-ran")).toBe(false);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
  });
});

describe("headcni-daemon --once", () => {
  test("makes a folder that plays a node ready, and nothing outside it", async () => {
    await using node = await createNode();
    const files = { "/run/flannel/subnet.env": flannelFile("10.42.7.1/24"), "/etc/hostname": "folder-1\n" };
    for (const [path, content] of Object.entries(files)) node.write(`/mnt/node${path}`, content);
    await node.must(["sh", "-c", "mkdir -p /mnt/node/opt/cni/bin && cp -L /opt/cni/bin/* /mnt/node/opt/cni/bin/"]);
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once", "--root", "/mnt/node"]);
    expect(exitCode).toBe(0);
    expect(logLines(stderr).map(({ level }) => level)).not.toContain("warn");
    expect(JSON.parse(node.read(`/mnt/node${conflistPath}`)).plugins[0].ipam.subnet).toBe("10.42.7.0/24");
    expect(node.exists(conflistPath)).toBe(false);
    expect(node.list("/run/headcni")).toEqual([]);
    expect(node.list("/var/lib/headcni")).toEqual([]);
  });

  test("writes the same lines as the daemon that stays, field by field", async () => {
    await using node = await flannelNode();
    const once = logLines((await node.run([headcniDaemon, "--once"])).stderr);
    const daemon = await bootDaemon(node);
    const lines = logLines(daemon.output());
    const podCIDR = (all: typeof once) => Object.keys(all.find(({ msg }) => msg.startsWith("PodCIDR")) ?? {});
    expect(podCIDR(once).length).toBeGreaterThan(5);
    expect(podCIDR(lines)).toEqual(podCIDR(once));
    await daemon.stop();
  });

  test.each([
    ["a key that does not exist", "network: {mtuu: 1}\n", "mtuu"],
    ["a PodCIDR with host bits", "network: {podCIDR: {nodeLocal: 10.1.0.5/24}}\n", "10.1.0.0/24"],
    ["no YAML at all", "\u0000\u0001{{{", configFile],
  ])("ends with 3 and says where, given a configuration with %s", async (_name, text, said) => {
    await using node = await flannelNode({ [configFile]: text });
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(said);
    expect(node.exists(conflistPath)).toBe(false);
  });

  test("ends with 3 for a bad NODE_POD_CIDR, whatever the files say", async () => {
    await using node = await flannelNode();
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"], { env: { NODE_POD_CIDR: "10.1.0.0/99" } });
    expect(exitCode).toBe(3);
    expect(stderr).toContain("NODE_POD_CIDR");
  });

  test("ends with 4 and names the plugin that is missing, leaving what was there", async () => {
    await using node = await flannelNode({ "/etc/cni/net.d/10-old.conflist": "theirs" });
    await node.must(["rm", "/opt/cni/bin/host-local"]);
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"], { env: {} });
    expect(exitCode).toBe(4);
    expect(logLines(stderr).find(({ condition }) => condition === "ConflistInvalid")?.msg).toContain(
      "/opt/cni/bin/host-local does not exist",
    );
    expect(node.list("/etc/cni/net.d")).toEqual(["10-old.conflist"]);
  });

  test("ends with 4 and says what the disk refused", async () => {
    await using node = await flannelNode();
    await node.must(["sh", "-c", "mkdir -p /etc/cni/net.d && mount -t tmpfs -o ro none /etc/cni/net.d"]);
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(4);
    const line = logLines(stderr).find(({ condition }) => condition === "ConflistNotWritten");
    expect(line?.level).toBe("error");
    expect(line?.msg).toContain("the file system is read-only");
  });
});
