// What the daemon does when its configuration or a source of the PodCIDR changes while it runs.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { certificates } from "../../src/node-name/testing.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath, headcni } from "../harness/headcni.ts";
import {
  bootDaemon,
  conditionCodes,
  configFile,
  flannelFile,
  flannelNode,
  get,
  statusOf,
  subnetEnv,
  subnetOf,
  timed,
} from "./daemon.ts";

describe("headcni-daemon reads its configuration again", () => {
  test("when the file comes, changes, becomes wrong, is mended and goes", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const mtu = (): number => JSON.parse(node.read(conflistPath)).plugins[0].mtu;
    node.write(configFile, "network: {mtu: 1400}\n");
    await timed("takes a new file", () => mtu() === 1400);
    node.write(configFile, "network: {mtu: 1450}\n");
    await timed("takes a changed file", () => mtu() === 1450);
    node.write(configFile, "network: {mtu: tiny}\n");
    await timed("says what is wrong", async () => (await conditionCodes(node)).includes("ConfigInvalid"));
    expect(mtu()).toBe(1450);
    expect((await get(node, "/readyz")).status).toBe(200);
    const { stdout, exitCode } = await node.run([headcni, "status", "--address", "127.0.0.1:9465"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `${configFile} is wrong, so the last good configuration stays in force: line 1: network.mtu`,
    );
    node.write(configFile, "network: {mtu: 1350}\n");
    await timed("takes the mended file", () => mtu() === 1350);
    expect(await conditionCodes(node)).toEqual([]);
    fs.rmSync(node.path(configFile));
    await timed("takes the defaults", () => mtu() === 1280);
    await daemon.stop();
  });

  test("and says that the file of its own container is passed over under --root, until it is named", async () => {
    await using node = await flannelNode({
      [configFile]: "nodeName: of-the-container\n",
      "/host/etc/hostname": "node-9\n",
    });
    const sentence =
      `${configFile} of this machine is not read: with --root /host the configuration is /host${configFile}, which does not exist. ` +
      `If this one shall count, name it with --config ${configFile}`;
    const podcidr = [headcni, "podcidr", "--root", "/host", "-o", "json"];
    const { stdout, stderr } = await node.run(podcidr);
    expect(JSON.parse(stdout).nodeName).toBe("node-9");
    expect(stderr.replace(`${configFile}: of this`, `${configFile} of this`)).toContain(sentence);
    const named = await node.run([...podcidr, "--config", configFile]);
    expect([JSON.parse(named.stdout).nodeName, named.stderr]).toEqual(["of-the-container", ""]);

    const daemon = await bootDaemon(node, ["--root", "/host"]);
    const { conditions } = JSON.parse((await get(node, "/status")).body);
    expect(conditions).toContainEqual(
      expect.objectContaining({ code: "ConfigPassedOver", severity: "warning", text: sentence }),
    );
    await daemon.stop();
  });

  test("when a mounted ConfigMap is swapped", async () => {
    await using node = await flannelNode();
    const folder = "/etc/headcni";
    node.write(`${folder}/..1/config.yaml`, "network: {mtu: 1400}\n");
    node.write(`${folder}/..2/config.yaml`, "network: {mtu: 1450}\n");
    fs.symlinkSync("..1", node.path(`${folder}/..data`));
    fs.symlinkSync("..data/config.yaml", node.path(configFile));
    const daemon = await bootDaemon(node);
    expect(node.read(conflistPath)).toContain('"mtu": 1400');
    fs.symlinkSync("..2", node.path(`${folder}/..data_tmp`));
    fs.renameSync(node.path(`${folder}/..data_tmp`), node.path(`${folder}/..data`));
    await timed("takes the swapped file", () => node.read(conflistPath).includes('"mtu": 1450'));
    await daemon.stop();
  });

  test("when the status server shall move, be off and be back", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const answers = async (port: number): Promise<boolean> =>
      (await node.run(["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`])).exitCode === 0;
    node.write(configFile, "monitoring: {listen: '127.0.0.1:9999'}\n");
    await timed("moves", async () => (await answers(9999)) && !(await answers(9465)));
    expect((await node.run([headcni, "status"])).exitCode).toBe(0);
    node.write(configFile, "monitoring: {enabled: false}\n");
    await timed("is off", async () => !(await answers(9999)));
    const off = await node.run([headcni, "status"]);
    expect(off.exitCode).toBe(1);
    expect(off.stderr).toContain("its status server is turned off");
    node.write(configFile, "monitoring: {enabled: true}\n");
    await timed("is back", () => answers(9465));
    await daemon.stop();
  });

  test("when the level of the log changes", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    expect(daemon.output()).not.toContain('"level":"debug"');
    node.write(configFile, "logging: {level: debug}\n");
    await timed("says more", () => daemon.output().includes('"level":"debug"'));
    await daemon.stop();
  });

  test("when it is told to by SIGHUP", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const reasons = async () => (await statusOf(node)).agents.node?.lastReconcile?.reasons;
    daemon.kill("SIGHUP");
    await waitUntil("it looks again", async () => (await reasons())?.includes("SIGHUP") === true);
    await daemon.stop();
  });
});

describe("headcni-daemon follows the sources of the PodCIDR", () => {
  test("when the file that says it changes, also from a folder that was not there", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    await timed("takes flannel's new value", () => subnetOf(node) === "10.42.4.0/24");
    node.write(
      "/var/lib/kubelet/config.yaml",
      "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\npodCIDR: 10.42.5.0/24\n",
    );
    await timed("takes a kubelet's value, which comes first", () => subnetOf(node) === "10.42.5.0/24");
    node.write(configFile, "network: {podCIDR: {nodeLocal: 10.42.6.0/24}}\n");
    await timed("takes the operator's value, which comes before all", () => subnetOf(node) === "10.42.6.0/24");
    const { agents } = await statusOf(node);
    expect(agents.node?.status).toMatchObject({ podCIDR: { source: "config", file: configFile, line: 1 } });
    await daemon.stop();
  });

  test("and those of the node's name, also from a folder that was not there", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const nameOf = async () => (await statusOf(node)).agents.node?.status.node;
    node.write("/etc/rancher/k3s/config.yaml", "node-name: edge-1\n");
    await timed("takes k3s' name", async () => (await statusOf(node)).nodeName === "edge-1");
    node.write("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--hostname-override=edge-2\n");
    await timed("says that the kubelet's differs", async () =>
      (await conditionCodes(node)).includes("NodeNameDisputed"),
    );
    expect(await nameOf()).toMatchObject({
      name: "edge-1",
      disagreements: [{ file: "/etc/default/kubelet", line: 1 }],
    });
    node.write("/var/lib/rancher/k3s/agent/client-kubelet.crt", certificates["worker-8"]);
    await timed("takes the certificate's name", async () => (await statusOf(node)).nodeName === "worker-8");
    expect(await nameOf()).toMatchObject({ name: "worker-8", from: "certificate of the kubelet of k3s" });
    await daemon.stop();
  });

  test("keeps what was assigned when the file is gone, also after a reboot", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    fs.rmSync(node.path("/run/flannel"), { recursive: true });
    await timed("says so", async () => (await conditionCodes(node)).includes("PodCIDRSourceLost"));
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    await daemon.stop();
    fs.rmSync(node.path("/run/headcni"), { recursive: true });
    const next = await bootDaemon(node);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    expect(await conditionCodes(node)).toEqual(["PodCIDRSourceLost"]);
    node.write(subnetEnv, flannelFile("10.42.3.1/24"));
    await timed("is content again", async () => (await conditionCodes(node)).length === 0);
    await next.stop();
  });
});
