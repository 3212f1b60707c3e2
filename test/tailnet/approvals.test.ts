// Who approves a node's PodCIDR: the policy, people, controllers, the node itself. One cluster of three nodes for each tailnet and
// Headscale there is; the scenarios play on it one after the other, and what others have approved is there after each.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { conditionCodes, statusOf } from "../daemon/daemon.ts";
import type { NodeProcess } from "../harness/node.ts";
import {
  type ApprovalStage,
  approvalBy,
  approvedMs,
  configureController,
  controllerSays,
  createApprovalStage,
  expectForeignRoutes,
  expectPodsReached,
  giveKey,
  headscaleCommand,
  hears,
  isApproved,
  offers,
  renumber,
  startController,
  until,
} from "./approval-stage.ts";
import { writeConfig } from "./cluster.ts";
import { tailnets } from "./tailnets.ts";

/** How often a wait is measured where the real programs are; on the lab once, to see that it works. */
const rounds = Number(process.env.HEADCNI_APPROVAL_ROUNDS ?? 1);

describe.each(tailnets)("PodCIDRs on the $title tailnet", (kind) => {
  let made: ApprovalStage | undefined;
  const controllers: NodeProcess[] = [];
  const stage = (): ApprovalStage => {
    if (made === undefined) throw new Error("The stage was not made");
    return made;
  };
  const stopControllers = async (): Promise<void> => {
    for (const controller of controllers.splice(0)) expect(await controller.stop()).toBe(0);
  };
  const startControllers = async (...numbers: readonly (0 | 1 | 2)[]): Promise<void> => {
    for (const number of numbers) {
      const { node } = stage().nodes[number];
      controllers.push(await startController(node));
      await hears(node);
    }
  };

  beforeAll(async () => {
    made = await createApprovalStage(kind);
  }, 180_000);
  afterEach(() => expectForeignRoutes(stage()));
  afterAll(() => made?.[Symbol.asyncDispose](), 60_000);

  // Half a minute of nothing, which the agent's own tests have without waiting.
  if (kind.name === "real")
    test("that nothing approves: each node says so, with the line for the policy and the command", async () => {
      const { nodes } = stage();
      for (const { node, podCIDR } of nodes) {
        await until("it says so", async () => (await conditionCodes(node)).includes("RouteNotApproved"));
        const { conditions } = await statusOf(node);
        expect(conditions.map(({ code }) => code)).toEqual(["RouteNotApproved"]);
        expect(conditions[0]?.text).toMatch(/approve-routes --identifier \d+ --routes/);
        expect(conditions[0]?.text).toContain(podCIDR);
        expect(conditions[0]?.text).toContain('"autoApprovers": {"routes": {"10.244.0.0/16": ["tag:k8s-node"]');
      }
    }, 90_000);

  test("that the policy approves, from when it does so on; what it has approved stays", async () => {
    const { tailnet, nodes } = stage();
    await tailnet.headscale.setPolicy("10.244.0.0/16", "fd00:244::/48");
    for (const one of nodes) await isApproved(tailnet, one);
    await expectPodsReached(stage());
    await tailnet.headscale.setPolicy();
    for (const one of nodes) await isApproved(tailnet, one);
    await expectPodsReached(stage());
  }, 180_000);

  test("that a person takes back and approves by the commands", async () => {
    const { tailnet, nodes } = stage();
    const [one, two] = nodes;
    await giveKey(stage(), two.node);
    configureController(two.node, await approvalBy(stage(), two.node, "controller"));
    const run = (...args: readonly string[]) => headscaleCommand(two.node, ...args);
    expect(await run("policy")).toContain('"autoApprovers"');
    expect(await run("policy", "--live")).toContain("autoApprovers");
    expect(await run("withdraw", "node-1", "--dry-run")).toContain("Would take back 10.244.1.0/24 of node-1");
    expect(await run("withdraw", "node-1", "--yes")).toContain("Took back 10.244.1.0/24 of node-1");
    expect((await tailnet.headscale.routes(one.node)).approved).not.toContain(one.podCIDR);
    await expectForeignRoutes(stage());
    expect(await run("approve", "--dry-run")).toContain("Would approve 10.244.1.0/24 of node-1");
    expect((await tailnet.headscale.routes(one.node)).approved).not.toContain(one.podCIDR);
    expect(await run("approve")).toContain("Approved 10.244.1.0/24 of node-1");
    expect(await run("approve")).toContain("There is nothing to approve");
    await expectPodsReached(stage());
  }, 120_000);

  test("that a controller approves what it hears of, and two do no harm", async () => {
    const { tailnet, nodes } = stage();
    const [one, two, three] = nodes;
    await startControllers(1);
    const waited: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      renumber(stage(), three, 30 + round);
      await offers(tailnet, three);
      const offeredMs = Date.now();
      const atMs = () => approvedMs(controllers[0]?.output() ?? "", three.podCIDR);
      await until("the controller says so", () => !Number.isNaN(atMs()));
      await isApproved(tailnet, three);
      waited.push((atMs() - offeredMs) / 1000);
    }
    console.log(
      `    offered to approved, beside a tailscaled (${kind.title}): ${waited.map((s) => s.toFixed(2)).join(" ")} s`,
    );
    await giveKey(stage(), one.node);
    configureController(one.node, await approvalBy(stage(), one.node, "controller"));
    await startControllers(0);
    renumber(stage(), three, 60);
    renumber(stage(), two, 61);
    await isApproved(tailnet, two);
    await isApproved(tailnet, three);
    await expectPodsReached(stage());
    for (const { node } of [one, two]) {
      const { metrics } = await controllerSays(node);
      expect(metrics).toMatch(/headcni_headscale_refused_routes\{reason="held"\} 0/);
    }
  }, 240_000);

  test("while the key is revoked: it says so, and goes on with the next", async () => {
    const { tailnet, nodes } = stage();
    const [one, two, three] = nodes;
    await stopControllers();
    const key = await giveKey(stage(), two.node);
    await startControllers(1);
    await tailnet.headscale.revokeApiKey(key);
    renumber(stage(), three, 70);
    const says = async () => (await controllerSays(two.node)).codes;
    await until("it says so", async () => (await says()).includes("HeadscaleKeyRefused"));
    expect((await controllerSays(two.node)).metrics).toMatch(/headcni_headscale_failures_total\{failure="key"\} [1-9]/);
    expect((await tailnet.headscale.routes(three.node)).approved).not.toContain(three.podCIDR);
    await giveKey(stage(), two.node);
    const seconds = await isApproved(tailnet, three);
    console.log(`    new key to approved (${kind.title}): ${seconds.toFixed(2)} s`);
    await until("nothing is wrong", async () => !(await says()).includes("HeadscaleKeyRefused"));
    expect(one.podCIDR).toBe("10.244.1.0/24");
  }, 240_000);

  test("while Headscale is restarted, in each step of a join", async () => {
    const { tailnet, nodes } = stage();
    const [, , three] = nodes;
    // Before it is offered.
    await tailnet.setControl("down");
    renumber(stage(), three, 80);
    await tailnet.setControl("up");
    await isApproved(tailnet, three);
    // After it is offered, and before anything approves it.
    await stopControllers();
    renumber(stage(), three, 81);
    await offers(tailnet, three);
    await tailnet.setControl("down");
    await tailnet.setControl("up");
    await startControllers(1);
    await isApproved(tailnet, three);
    // After it is approved.
    await tailnet.setControl("down");
    await tailnet.setControl("up");
    await isApproved(tailnet, three);
    await expectPodsReached(stage());
  }, 300_000);

  // A real one has none here: the client is held against it under HTTPS by itself.
  if (kind.name === "lab")
    test("by a Headscale whose certificate is from a CA of its own", async () => {
      const { tailnet, nodes } = stage();
      const { secure } = tailnet.headscale;
      if (secure === undefined) throw new Error("It has no certificate");
      const [, two, three] = nodes;
      await stopControllers();
      const settings = { ...(await approvalBy(stage(), two.node, "controller")), url: secure.url };
      configureController(two.node, settings);
      expect(await headscaleCommand(two.node, "approve", "--dry-run")).toMatch(/certificate/i);
      const caFile = "/etc/headcni/headscale-ca.pem";
      two.node.write(caFile, secure.caPem);
      configureController(two.node, { ...settings, caFile });
      await startControllers(1);
      renumber(stage(), three, 90);
      await isApproved(tailnet, three);
      await stopControllers();
    }, 120_000);

  test("that each node has approved by itself", async () => {
    const { tailnet, nodes } = stage();
    const [one] = nodes;
    await stopControllers();
    await giveKey(stage(), one.node);
    one.podCIDR = "10.244.100.0/24";
    const headscale = await approvalBy(stage(), one.node, "node");
    writeConfig(one.node, tailnet, { podCIDRs: [one.podCIDR], headscale });
    await offers(tailnet, one);
    const seconds = await isApproved(tailnet, one);
    console.log(`    offered to approved, by the node (${kind.title}): ${seconds.toFixed(2)} s`);
    await expectPodsReached(stage());
  }, 120_000);
});
