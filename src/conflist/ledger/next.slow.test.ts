import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { conflistFileName } from "../../node-state/names.ts";
import type { System } from "../../sys/system.ts";
import { runs } from "../../sys/testing.ts";
import { restoreConflist } from "../backups/restore.ts";
import { confDir, cutPowerAfter, cutPowerWhen, PowerCut, stateDir, type TestNode, testNode } from "../testing.ts";
import { isSameRecord } from "./manifest.ts";
import { type Intent, next } from "./next.ts";
import { recoverConflist } from "./recover.ts";
import { look } from "./seen.ts";
import { recordAfter } from "./step.ts";
import { openStore } from "./store.ts";
import { columns, rowFor, rows, type Situation } from "./transitions.ts";

const options = { confDir, stateDir };

describe("the table of transitions", () => {
  const situations = Object.entries(columns).reduce<readonly Partial<Situation>[]>(
    (all, [column, values]) => all.flatMap((partial) => values.map((value) => ({ ...partial, [column]: value }))),
    [{}],
  ) as readonly Situation[];

  test("says only what a column can say", () => {
    const known = Object.values(columns).map((values): readonly string[] => ["*", ...values]);
    for (const { cells } of rows) {
      expect(cells).toHaveLength(known.length);
      for (const [at, cell] of cells.entries()) expect(known[at]).toContain(cell);
    }
  });

  test("has a row for every situation, and no row that none reaches", () => {
    expect(new Set(situations.map(rowFor)).size).toBe(rows.length);
    // 3 intents, 3 roles, 3 states, 7 places, 2 of the name, 2 of the copy
    expect(situations).toHaveLength(756);
    expect(rows).toHaveLength(23);
  });

  test("gives nothing back that is nowhere and has no copy", () => {
    const lost = situations.filter(
      ({ intent, place, copy }) => intent === "restore" && place === "nowhere" && copy === "none",
    );
    for (const situation of lost) expect(["leave", "note"]).toContain(rowFor(situation).transition);
  });

  test("leaves alone what another installation left aside", () => {
    const leftovers = situations.filter(
      ({ role, place }) => role === "leftover" && place !== "home" && place !== "nowhere",
    );
    for (const situation of leftovers) expect(["note", "retire"]).toContain(rowFor(situation).transition);
  });
});

const names = ["00-multus.conf", "05-cilium.conflist", "10-calico.conflist", conflistFileName, "99-lo.conf"];
const cut = fc.option(fc.nat(14), { nil: undefined });
const operation = fc.oneof(
  fc.record({ kind: fc.constantFrom("install one", "install two", "recover", "restore"), cut }),
  fc.record({ kind: fc.constant("write"), name: fc.constantFrom(...names), content: fc.constantFrom("a", "b") }),
  fc.record({ kind: fc.constant("remove"), at: fc.nat(9) }),
);

/** @returns whether the power was cut */
async function run(node: TestNode, step: string, on: System = node.system): Promise<boolean> {
  try {
    if (step === "restore") await restoreConflist(on, options);
    else if (step === "recover") await recoverConflist(on, { ...options, otherConfigs: "moveAside" });
    else await node.install(step, {}, on);
    return false;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    return true;
  }
}

function cutAfter({ system }: TestNode, survives: number | undefined): System {
  return survives === undefined ? system : { ...system, files: cutPowerAfter(system.files, survives) };
}

/** What is planned now, and whether that would change the manifest. */
function planned(
  { system }: TestNode,
  intent: Intent,
): { readonly kinds: readonly string[]; readonly isChange: boolean } {
  const store = openStore(system, stateDir, confDir);
  const record = store.read();
  const step = next(record, look(system, store, record), intent);
  return { kinds: step.actions.map(({ kind }) => kind), isChange: !isSameRecord(record, recordAfter(step)) };
}

describe("next()", () => {
  test("plans nothing more for a node on which its plan was carried out", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 8 }), async (operations) => {
        using node = testNode();
        fs.mkdirSync(node.hostConfDir, { recursive: true });
        for (const step of operations) {
          if ("name" in step) node.write(step.name, step.content);
          else if ("at" in step) removeOne(node, step.at);
          else await run(node, step.kind, cutAfter(node, step.cut));
        }
        await run(node, "recover");
        const nothing = { kinds: [], isChange: false };
        for (const movesAside of [true, false]) expect(planned(node, { kind: "recover", movesAside })).toEqual(nothing);
        await run(node, "install one");
        expect(planned(node, { kind: "install", content: undefined, toMoveAside: [] })).toEqual(nothing);
        expect(planned(node, { kind: "recover", movesAside: true })).toEqual(nothing);
        await run(node, "restore");
        const { kinds, isChange } = planned(node, { kind: "restore" });
        expect([kinds.filter((kind) => kind !== "leave" && kind !== "keep-ours"), isChange]).toEqual([[], false]);
      }),
      { numRuns: runs(60) },
    );
  }, 60_000);
});

describe("perform(), cut short between any two changes,", () => {
  const scenes: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["an empty directory", {}],
    ["a file at our name", { [conflistFileName]: "theirs" }],
    ["files that are preferred to ours", { "05-cilium.conflist": "one", "10-calico.conflist": "two" }],
    [
      "both, and a link",
      { "00-multus.conf": "→/elsewhere", "05-cilium.conflist": "one", [conflistFileName]: "theirs" },
    ],
  ];
  const last: readonly (readonly [string, readonly string[], string])[] = [
    ["a first installation", [], "install one"],
    ["a second installation", ["install one"], "install two"],
    ["a restore", ["install one", "install two"], "restore"],
    ["a recovery", ["a cut installation"], "recover"],
  ];
  const cuts = scenes.flatMap(([scene, files]) =>
    last.map(([what, earlier, step]) => ({ scene, files, what, earlier, step })),
  );

  test.each(cuts)(
    "leaves $what in $scene as a recovery and a restore understand it",
    async ({ files, earlier, step }) => {
      for (let survives = 0, wasCut = true; wasCut; survives++) {
        using node = testNode();
        fs.mkdirSync(node.hostConfDir, { recursive: true });
        for (const [name, content] of Object.entries(files)) {
          if (content.startsWith("→")) fs.symlinkSync(content.slice(1), `${node.hostConfDir}/${name}`);
          else node.write(name, content);
        }
        const before = node.snapshot();
        for (const kind of earlier) {
          if (kind === "a cut installation") await cutOnceOursIsIn(node);
          else await run(node, kind);
        }
        wasCut = await run(node, step, cutAfter(node, survives));
        await run(node, "recover");
        await restoreConflist(node.system, options);
        expect([survives, node.snapshot()]).toEqual([survives, before]);
      }
    },
  );
});

/** An installation that ends as soon as our file is in place, before others are moved. */
async function cutOnceOursIsIn(node: TestNode): Promise<void> {
  const isIn = () => {
    const path = `${confDir}/${conflistFileName}`;
    return node.root.exists(path) && node.root.read(path) === "install one";
  };
  await run(node, "install one", { ...node.system, files: cutPowerWhen(node.system.files, isIn) });
}

/** Removes one file, as an administrator would. */
function removeOne(node: TestNode, at: number): void {
  const all = fs.readdirSync(node.hostConfDir);
  const name = all[at % Math.max(1, all.length)];
  if (name !== undefined) fs.rmSync(`${node.hostConfDir}/${name}`);
}
