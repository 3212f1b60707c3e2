// docs/install.md followed to the letter on each kind of node it is for: its own commands, unchanged and twice, then what it promises of
// the node, of an upgrade, and of what a removal leaves.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { runtimeOrder } from "../../src/spec/runtime-order.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { configFile, get, statusOf } from "../daemon/daemon.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { checkout, type Node } from "../harness/node.ts";
import { pageBlocks } from "../harness/page.ts";
import { createBareNode, type NodeKind, nodeKinds } from "./node-kinds.ts";
import { changedPaths, type Tree, treeOf } from "./tree.ts";

const page = "docs/install.md";
const blocks = pageBlocks(page).filter(({ language }) => language === "sh");
const steps = [...new Set(blocks.map(({ section }) => section))].filter((section) => /^\d\. /.test(section));

/** Runs what the page says under these headings, each block in a shell that stops at the first command that fails. */
async function follow(node: Node, sections: readonly string[], { name }: NodeKind): Promise<void> {
  const own = blocks.filter(
    ({ section, subsection }) => sections.includes(section) && (subsection === "" || subsection === name),
  );
  expect(own.length).toBeGreaterThan(0);
  for (const { text, line } of own) {
    const shell = ["bash", "-e", "-c", `cd /srv/download\n${text}`];
    const { exitCode, stdout, stderr } = await node.run(shell, { timeoutMs: 60_000 });
    if (exitCode === 0) continue;
    throw new Error(`${page}:${line} ended with ${exitCode} on ${name}:\n${text}\n${stdout}${stderr}`);
  }
}

/** Paths that the page says a removal leaves. */
const stays: readonly string[] = [
  ...(readFileSync(`${checkout}/${page}`, "utf8").split("\nWhat stays:\n")[1] ?? "").matchAll(/`(\/[^`]+)`/g),
].map(([, path = ""]) => path);

/** Changes that the page does not name. A directory that was made for what stays is part of it. */
function unnamed(before: Tree, after: Tree): readonly string[] {
  const isNamed = (path: string): boolean =>
    stays.some((named) => path === named || path.startsWith(`${named}/`) || named.startsWith(`${path}/`));
  return changedPaths(before, after).filter((path) => !isNamed(path));
}

/** What the kernel holds beside devices: rules, firewalls. */
async function kernelOf(node: Node): Promise<string> {
  return node.must([
    "sh",
    "-ec",
    "ip rule; ip -6 rule; iptables -S FORWARD; ip6tables -S FORWARD; nft list tables inet",
  ]);
}

test("the page has a part for each kind, and no other", () => {
  const own = blocks.filter(({ section }) => section === "2. The runtime").map(({ subsection }) => subsection);
  expect([...new Set(own)]).toEqual(nodeKinds.map(({ name }) => name));
});

describe.each(nodeKinds)("$name:", (kind) => {
  test("the page puts HeadCNI in place, upgrades it and takes it away", async () => {
    await using node = await createBareNode(kind);
    await kind.start(node);
    const [before, kernel] = [await treeOf(node), await kernelOf(node)];
    for (const _time of ["once", "and again"]) {
      await follow(node, steps, kind);
      expect((await get(node, "/readyz")).status).toBe(200);
      expect((await statusOf(node)).conditions).toEqual([]);
    }
    // The folder that this kind's runtime reads.
    expect(runtimeOrder(node.list("/etc/cni/net.d"))[0]).toBe("10-headcni.conflist");
    const pod = await kind.runPod(node);
    expect(pod.address).toStartWith("10.244.1.");

    const { pid } = await statusOf(node);
    await follow(node, ["Upgrade"], kind);
    expect((await statusOf(node)).pid).not.toBe(pid);
    await pod.remove();

    await follow(node, ["Remove"], kind);
    expect(unnamed(before, await treeOf(node))).toEqual([]);
    expect(await leftovers(node)).toEqual(noLeftovers);
    expect(await kernelOf(node)).toBe(kernel);
    expect(await node.must(["ip", "-brief", "link"])).not.toContain("headcni0");
  }, 120_000);
});

test("the service outlasts a wrong configuration and a killed daemon, with no more than the unit leaves it", async () => {
  const kind = kindOf("CRI-O");
  await using node = await createBareNode(kind);
  await kind.start(node);
  await follow(node, steps.slice(0, -2), kind);
  const right = `cni:\n  type: headcni\nnetwork:\n  masquerade: daemon\n  podCIDR:\n    nodeLocal: 10.244.1.0/24\n`;
  node.write(configFile, right.replace("/24", "/33"));
  const [before, kernel] = [await treeOf(node), await kernelOf(node)];
  await follow(node, steps.slice(-2, -1), kind);
  const log = (): string => node.read("/var/log/headcni.log");
  await waitUntil("the daemon refuses to start", () => log().includes("10.244.1.0/33"));
  node.write(configFile, right);
  await follow(node, steps.slice(-1), kind);

  const killed = (await statusOf(node)).pid;
  await node.must(["kill", "-KILL", String(killed)]);
  await follow(node, steps.slice(-1), kind);
  const { pid, conditions } = await statusOf(node);
  expect(pid).not.toBe(killed);
  expect(conditions).toEqual([]);
  const process = node.read(`/proc/${pid}/status`);
  expect(process).toContain("NoNewPrivs:\t1\n");
  // dac_override, net_bind_service, net_admin, net_raw.
  expect(process).toContain("CapBnd:\t0000000000003402\n");

  const pod = await kind.runPod(node);
  expect(pod.address).toStartWith("10.244.1.");
  expect(await node.must(["nft", "list", "tables"])).toContain("inet headcni");
  await pod.remove();
  // What the daemon adds for a tailnet.
  await node.must(["ip", "rule", "add", "to", "10.244.1.0/24", "priority", "5200", "lookup", "main", "protocol", "72"]);
  await node.must("iptables -A FORWARD -i headcni0 -m comment --comment headcni -j ACCEPT".split(" "));
  await follow(node, ["Remove"], kind);
  const left = unnamed(before, await treeOf(node)).filter((path) => path !== "/usr/lib/cni/headcni");
  // What steps before the snapshot have put there.
  expect(left.filter((path) => !/^(\/etc|\/usr\/local\/bin)\/headcni/.test(path))).toEqual([]);
  expect(await leftovers(node)).toEqual(noLeftovers);
  expect(await kernelOf(node)).toBe(kernel);
}, 60_000);

test("systemd finds nothing wrong with the unit", async () => {
  const unit = /^(\[Unit\]\n.*?)^EOF$/ms.exec(
    blocks.find(({ section }) => section === "4. The service")?.text ?? "",
  )?.[1];
  await using node = await createBareNode({ files: { "/etc/systemd/system/headcni.service": unit ?? "" } });
  await node.must(["ln", "-s", "/bin/true", "/usr/local/bin/headcni-daemon"]);
  const { exitCode, stdout, stderr } = await node.run(["systemd-analyze", "verify", "headcni.service"]);
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

function kindOf(wanted: string): NodeKind {
  const kind = nodeKinds.find(({ name }) => name === wanted);
  if (kind === undefined) throw new Error(`There is no kind ${wanted}`);
  return kind;
}
