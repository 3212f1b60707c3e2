// Installing and restoring through any history: other CNIs' writes, administrators who tidy up, power cuts. What was there is
// never lost, and an installation taken back leaves the folder as that installation found it.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { conflistFileName } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import { recoverConflist } from "../ledger/recover.ts";
import { confDir, cutPowerAfter, PowerCut, stateDir, type TestNode, testNode } from "../testing.ts";
import { listBackups } from "./backup.ts";
import { restoreConflist } from "./restore.ts";

const options = { confDir, stateDir };
const restore = (node: TestNode) => restoreConflist(node.system, options);

const names = fc.constantFrom(
  "00-multus.conf",
  "05-cilium.conflist",
  "10-calico.conflist",
  "10-headcni.conf",
  conflistFileName,
  "99-lo.conf",
  "README",
);
const contents = fc.constantFrom("a", "b", "{", `{"name":"x"}`);
const foreignFile = fc.record({
  name: names,
  content: contents,
  mode: fc.constantFrom(0o600, 0o644),
  isLink: fc.boolean(),
});
const cut = fc.option(fc.nat(14), { nil: undefined, freq: 2 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant("install" as const), text: fc.constantFrom("ours one", "ours two"), cut }),
  fc.record({ kind: fc.constant("restore" as const), cut }),
  fc.record({ kind: fc.constant("recover" as const), cut }),
  fc.record({ kind: fc.constant("foreign" as const), file: foreignFile }),
);

function put(
  node: TestNode,
  { name, content, mode, isLink }: { name: string; content: string; mode: number; isLink: boolean },
): void {
  fs.rmSync(`${node.hostConfDir}/${name}`, { force: true });
  if (isLink) fs.symlinkSync(`/elsewhere/${content}`, `${node.hostConfDir}/${name}`);
  else node.write(name, content, mode);
}

/**
 * What others put on this node and can still be found: contents, and targets of links. A copy for a move that never
 * happened does not count: the file itself is still there, and its owner may do with it as he likes.
 */
function treasures(node: TestNode): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of fs.existsSync(node.hostConfDir) ? fs.readdirSync(node.hostConfDir) : []) {
    const path = `${node.hostConfDir}/${name}`;
    const isLink = fs.lstatSync(path).isSymbolicLink();
    if (!name.endsWith(".tmp")) found.add(isLink ? `→ ${fs.readlinkSync(path)}` : fs.readFileSync(path, "utf8"));
  }
  for (const { folder, versions, aside } of listBackups(node.system)) {
    for (const { copy, target } of [...versions, ...aside.filter(({ state }) => state === "aside")]) {
      if (target !== undefined) found.add(`→ ${target}`);
      // A manifest that is about to go outlives its copies.
      const path = `${folder}/${copy}`;
      if (copy !== undefined && node.root.exists(path)) found.add(node.root.read(path));
    }
  }
  return new Set([...found].filter((content) => !content.startsWith("ours ")));
}

async function run(
  node: TestNode,
  step: { kind: "install" | "restore" | "recover"; text?: string; cut: number | undefined },
): Promise<void> {
  const files = step.cut === undefined ? node.system.files : cutPowerAfter(node.system.files, step.cut);
  const system = { ...node.system, files };
  try {
    if (step.kind === "restore") await restoreConflist(system, options);
    else if (step.kind === "recover") await recoverConflist(system, { ...options, otherConfigs: "moveAside" });
    else await node.install(step.text ?? "", {}, system);
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}

describe("installing and restoring, however often and however cut short", () => {
  test("loses nothing, never leaves a node bare, and gives the folder back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(foreignFile, { selector: ({ name }) => name, maxLength: 5 }),
        fc.array(operation, { maxLength: 8 }),
        async (initial, operations) => {
          using node = testNode();
          fs.mkdirSync(node.hostConfDir, { recursive: true });
          for (const file of initial) put(node, file);
          const before = node.snapshot();
          const [inForce] = runtimeOrder(Object.keys(before));
          let isUntouched = true;
          for (const step of operations) {
            if (step.kind === "foreign") {
              put(node, step.file);
              isUntouched = false;
              continue;
            }
            const owned = treasures(node);
            await run(node, step);
            for (const treasure of owned) expect(treasures(node)).toContain(treasure);
            const [first] = runtimeOrder(Object.keys(node.snapshot()));
            if (inForce !== undefined) expect(first).toBeDefined();
            if (isUntouched) expect([inForce, conflistFileName]).toContain(first as string);
          }
          const owned = treasures(node);
          await run(node, { kind: "restore", cut: undefined });
          for (const treasure of owned) expect(treasures(node)).toContain(treasure);
          if (isUntouched) expect(node.snapshot()).toEqual(before);
          const again = await restore(node);
          expect(again.actions.every(({ kind }) => kind === "leave" || kind === "keep-ours")).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});

describe("an installation taken back leaves the folder as it found it", () => {
  const flannel = "10-flannel.conflist";
  const aside = `${flannel}.headcni-aside`;

  /** A node whose first restore could not bring v1 back, because its owner had written v2 meanwhile. */
  async function afterIncompleteRestore(): Promise<TestNode> {
    const node = testNode();
    node.write(flannel, "v1");
    await node.install("ours");
    node.write(flannel, "v2");
    const { isComplete } = await restore(node);
    expect(isComplete).toBe(false);
    return node;
  }

  const tidied: readonly (readonly [string, (node: TestNode) => void])[] = [
    ["left v1 aside", () => undefined],
    ["left v1 aside, which somebody then removed", (node) => fs.rmSync(`${node.hostConfDir}/${aside}`)],
  ];
  test.each(tidied)("after a restore that %s", async (_, tidy) => {
    using node = await afterIncompleteRestore();
    tidy(node);
    const before = node.snapshot();
    await node.install("ours");
    await node.install("ours again");
    expect((await restore(node)).isComplete).toBe(true);
    expect(node.snapshot()).toEqual(before);
  });

  test("beside a file that lies aside and is nobody's that HeadCNI knows", async () => {
    using node = testNode();
    node.write(aside, "stale");
    node.write(flannel, "live");
    const before = node.snapshot();
    for (let round = 0; round < 2; round++) {
      await node.install("ours");
      expect(await restore(node)).toMatchObject({ isComplete: true });
      expect(node.snapshot()).toEqual(before);
    }
    fs.rmSync(`${node.hostConfDir}/${flannel}`);
    const without = node.snapshot();
    await node.install("ours");
    await restore(node);
    expect(node.snapshot()).toEqual(without);
  });

  test("brings back later what it could not, once the name is free and nothing was installed since", async () => {
    using node = await afterIncompleteRestore();
    expect((await restore(node)).isComplete).toBe(false);
    fs.rmSync(`${node.hostConfDir}/${flannel}`);
    expect((await restore(node)).isComplete).toBe(true);
    expect(node.root.read(`${confDir}/${flannel}`)).toBe("v1");
    expect(listBackups(node.system)).toEqual([]);
  });

  test("whatever lies before it, and however often it is cut short", async () => {
    const quiet = fc.record({
      kind: fc.constantFrom("install" as const, "recover" as const),
      text: fc.constantFrom("ours one", "ours two"),
      cut,
    });
    const tidying = fc.record({ kind: fc.constant("tidy" as const), at: fc.nat(9) });
    const earlier = fc.oneof({ arbitrary: operation, weight: 5 }, { arbitrary: tidying, weight: 1 });
    const stray = foreignFile.map((file) => ({ ...file, name: `${file.name}.headcni-aside` }));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.oneof(foreignFile, stray), { selector: ({ name }) => name, maxLength: 6 }),
        fc.array(earlier, { maxLength: 8 }),
        fc.array(fc.oneof(foreignFile, tidying), { maxLength: 4 }),
        fc.array(quiet, { maxLength: 3 }),
        async (initial, history, changes, operations) => {
          using node = testNode();
          fs.mkdirSync(node.hostConfDir, { recursive: true });
          for (const file of initial) put(node, file);
          for (const step of history) {
            if (step.kind === "foreign") put(node, step.file);
            else if (step.kind === "tidy") tidy(node, step.at);
            else await run(node, step);
          }
          const { actions: earlierActions } = await restore(node);
          // Ours stays where the node would be bare without it: that installation is not over.
          if (earlierActions.some(({ kind, why }) => kind === "leave" && why?.startsWith("stays"))) return;
          for (const change of changes) {
            if ("name" in change) put(node, change);
            else tidy(node, change.at);
          }
          const before = node.snapshot();
          for (const step of operations) await run(node, step);
          await node.install("ours three");
          const { actions, isComplete } = await restore(node);
          expect(node.snapshot()).toEqual(before);
          expect([actions, isComplete]).toEqual([actions, true]);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** Removes one file, as an administrator would. */
function tidy(node: TestNode, at: number): void {
  const names = fs.readdirSync(node.hostConfDir);
  const name = names[at % Math.max(1, names.length)];
  if (name !== undefined) fs.rmSync(`${node.hostConfDir}/${name}`);
}
