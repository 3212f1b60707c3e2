// Nodes as HeadCNI 0.1 left them before there was a ledger, cut short after every single change of an installation or a
// restore: what lies there is understood, and a restore gives back what that version's own restore gave.
// The fixture was written by that version (commit db7f2df); times that say nothing are made equal.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { restoreConflist } from "../backups/restore.ts";
import { confDir, stateDir, type TestNode, testNode } from "../testing.ts";
import fixture from "./fixtures/before-the-ledger.json" with { type: "json" };
import { recoverConflist } from "./recover.ts";

type State = (typeof fixture.states)[number];

/** Puts the state on a node. A file is `KIND MODE MTIME CONTENT`, `= NAME` a further name of one. */
function nodeIn({ files, manifest }: State): TestNode {
  const node = testNode();
  fs.mkdirSync(node.hostConfDir, { recursive: true });
  for (const [name, facts] of Object.entries(files)) {
    const path = `${node.hostConfDir}/${name}`;
    const [, kind, mode = "", mtimeNs, content = ""] = /^(file|symlink) (\d+) (\d+) (.*)$/s.exec(facts) ?? [];
    if (name.startsWith("backups/")) node.root.write(`${stateDir}/${name}`, facts, 0o600);
    else if (kind === undefined) fs.linkSync(`${node.hostConfDir}/${facts.slice(2)}`, path);
    else {
      if (kind === "symlink") fs.symlinkSync(content, path);
      else node.write(name, content, Number.parseInt(mode, 8));
      fs.lutimesSync(path, 1_500_000_000, Number(mtimeNs) / 1e9);
    }
  }
  if (manifest === null) return node;
  const { written = [], aside = [], versions = [] } = fixture.manifests[manifest] ?? {};
  const record = {
    written,
    aside: aside.map((at) => fixture.records[at]),
    versions: versions.map((at) => fixture.records[at]),
  };
  const json = { version: 1, folders: { [confDir]: record } };
  node.root.write(`${stateDir}/backups/manifest.json`, JSON.stringify(json), 0o600);
  return node;
}

describe("a node that an earlier version left in the middle of", () => {
  const rows = fixture.states.map((state, at) => [`${state.scene} (state ${at})`, state] as const);
  test.each(rows)("%s is restored byte for byte", async (_, state) => {
    for (const recoversFirst of [false, true]) {
      using node = nodeIn(state);
      if (recoversFirst) await recoverConflist(node.system, { confDir, stateDir, otherConfigs: "keep" });
      await restoreConflist(node.system, { confDir, stateDir });
      expect<Readonly<Record<string, string>> | undefined>(node.snapshot()).toEqual(fixture.restored[state.restored]);
    }
  });
});
