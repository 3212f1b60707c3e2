// What the pages show is what the compiled program prints: each console and JSON block is run in the node it is from.

import { describe, expect, test } from "bun:test";
import { isJsonObject } from "../../src/sys/json.ts";
import { checkout, createNode, type Node } from "../harness/node.ts";
import { type PageBlock, pageBlocks } from "../harness/page.ts";
import { type Scene, scenes } from "./scenes.ts";

const pages = [
  "README.md",
  ...["conflist", "daemon", "plugin", "podcidr", "troubleshooting"].map((name) => `docs/${name}.md`),
];
const all = pages.flatMap((page) => pageBlocks(page).map((block) => ({ page, ...block })));
const nameOf = ({ page, section }: Pick<Scene, "page" | "section">): string => `${page}, ${section || "at its top"}`;

interface Example {
  readonly command: string;
  /** Lines below it. */
  readonly output: readonly string[];
}

/** The commands of a console block. A comment behind one is the page's own. */
function examplesIn({ text }: PageBlock): readonly Example[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.trimEnd().split("\n");
      return { command: command.replace(/ {2,}#.*/, ""), output };
    });
}

function sceneOf(block: PageBlock & { readonly page: string }): Scene | undefined {
  const own = scenes.filter(({ page, section }) => page === block.page && section === block.section);
  const [first] = examplesIn(block);
  return block.language === "console" ? own.find(({ command }) => command === first?.command) : own.at(-1);
}

async function createScene({ name, files, before }: Scene): Promise<Node> {
  const node = await createNode({ name, files });
  if (before !== undefined)
    await run(node, before).then(({ exitCode, said }) =>
      expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]),
    );
  return node;
}

async function run(node: Node, command: string): Promise<{ exitCode: number | null; said: string }> {
  const env = { PATH: `${checkout}/dist:${checkout}/test/docs/programs:/usr/sbin:/usr/bin:/sbin:/bin` };
  // Both streams in one, as on a terminal.
  const shell = ["bash", "-c", `cd /; exec 2>&1; ${command}`];
  const { exitCode, stdout } = await node.run(shell, { env, timeoutMs: 30_000 });
  return { exitCode, said: stdout };
}

/** First commands of blocks that need more than one node: the demo and test/lab run them. */
const elsewhere = ["headcni mesh"];
const consoles = all.filter(
  (block) => block.language === "console" && !elsewhere.includes(examplesIn(block)[0]?.command ?? ""),
);

describe("every command shown", () => {
  test.each(consoles.map((block) => [nameOf(block), block] as const))(
    "in %s prints what is shown",
    async (_name, block) => {
      const scene = sceneOf(block);
      if (scene === undefined) throw new Error(`${block.page}:${block.line} has no scene in test/docs/scenes.ts`);
      await using node = await createScene(scene);
      for (const { command, output } of examplesIn(block)) {
        const { exitCode, said } = await run(node, command);
        expect({ command, exitCode }).toEqual({ command, exitCode: scene.exits?.[command] ?? 0 });
        const shown = output.map(normal);
        if (shown.length > 0) expect(fold(said.trimEnd().split("\n").map(normal), shown)).toEqual(shown);
      }
    },
    60_000,
  );
});

describe("every document shown", () => {
  const documents = all.filter(({ language }) => language === "json");
  test.each(documents.map((block) => [nameOf(block), block] as const))(
    "in %s is what is printed",
    async (_name, block) => {
      const scene = sceneOf(block);
      if (scene === undefined) throw new Error(`${block.page}:${block.line} has no scene in test/docs/scenes.ts`);
      await using node = await createScene(scene);
      const { said } = await run(node, `${scene.command} 2>/dev/null`);
      expect(differences(JSON.parse(block.text), JSON.parse(said), scene.onlyShape === true)).toEqual([]);
    },
    60_000,
  );
});

/** Lines of `sh` blocks outside the installation, with their exit codes on a node whose daemon runs, or why they are not run. */
const shellLines: Readonly<Record<string, number | string>> = {
  // A second daemon.
  "headcni-daemon": 5,
  "headcni-daemon --once": 5,
  "headcni-daemon --root /mnt/node": "stays",
  "headcni doctor": 1,
  "headcni status": 0,
  "journalctl -u headcni": "needs systemd",
  "headcni podcidr": 0,
  "headcni podcidr inspect FILE": "names a file",
  "headcni conflist diff": 0,
  "headcni conflist validate": 0,
  "ls -la /etc/cni/net.d": 0,
  "iptables -S FORWARD | head -1": 0,
  "iptables -A FORWARD -i headcni0 -j ACCEPT && iptables -A FORWARD -o headcni0 -j ACCEPT": 0,
};

test("every line of a shell block does what it says", async () => {
  const lines = all
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.trimEnd().split("\n"))
    .map((line) => line.replace(/ +#.*/, ""));
  expect(Object.keys(shellLines)).toEqual([...new Set(lines)]);
  const [scene] = scenes.filter(({ page }) => page === "docs/daemon.md");
  if (scene === undefined) throw new Error("There is no scene with a daemon");
  await using node = await createScene(scene);
  await run(node, "mkdir -p /mnt/node");
  for (const [line, exit] of Object.entries(shellLines)) {
    if (typeof exit === "string" && exit !== "stays") continue;
    // It ends in order when it is asked to.
    const wanted = exit === "stays" ? 0 : exit;
    const command = exit === "stays" ? `timeout --preserve-status --signal TERM 2 ${line}` : line;
    const { exitCode, said } = await run(node, command);
    expect({ line, exitCode, said: exitCode === wanted ? "" : said }).toEqual({ line, exitCode: wanted, said: "" });
  }
}, 60_000);

test("every configuration shown is one that the program takes", async () => {
  await using node = await createNode();
  const more = ["docs/tailnet.md", "docs/from-flannel.md"].flatMap((page) =>
    pageBlocks(page).map((block) => ({ page, ...block })),
  );
  for (const { page, line, text } of [...all, ...more].filter(({ language }) => language === "yaml")) {
    node.write("/etc/headcni/config.yaml", text);
    const { exitCode, said } = await run(node, "headcni config validate");
    expect({ page, line, exitCode, said: exitCode === 0 ? "" : said }).toEqual({ page, line, exitCode: 0, said: "" });
  }
});

/** What changes from run to run, and the width that it gives to columns. */
function normal(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\.[0-9a-f]{12}\b/g, ".DIGEST")
    .replace(/ {2,}/g, "  ")
    .trimEnd();
}

/** The lines that were printed, with `…` for those that the page leaves out there. */
function fold(said: readonly string[], shown: readonly string[]): readonly string[] {
  const rest = [...said];
  const folded = shown.map((line, at) => {
    if (line !== "…") return rest.shift() ?? "";
    const next = rest.indexOf(shown[at + 1] ?? "");
    rest.splice(0, next < 0 ? rest.length : next);
    return "…";
  });
  return [...folded, ...rest];
}

/** Where a document is not the one that is shown. The page has `"…"` for what it leaves out, and may leave out items of a list. */
function differences(shown: unknown, printed: unknown, onlyShape: boolean, at = "."): readonly string[] {
  if (shown === "…") return [];
  if (Array.isArray(shown) && Array.isArray(printed)) {
    const isThere = (item: unknown): boolean => printed.some((each) => differences(item, each, onlyShape).length === 0);
    if (onlyShape && printed.length === 0) return [];
    return shown.filter((item) => !isThere(item)).map((item) => `${at}: ${JSON.stringify(item)} is not in the list`);
  }
  if (isJsonObject(shown) && isJsonObject(printed)) {
    const extra = "…" in shown ? [] : Object.keys(printed).filter((key) => !(key in shown));
    return [
      ...extra.map((key) => `${at}${key}: not shown`),
      ...Object.entries(shown)
        .filter(([key]) => key !== "…")
        .flatMap(([key, value]) =>
          key in printed ? differences(value, printed[key], onlyShape, `${at}${key}.`) : [`${at}${key}: not printed`],
        ),
    ];
  }
  const isSame = onlyShape ? shown === null || printed === null || typeof shown === typeof printed : shown === printed;
  return isSame ? [] : [`${at}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(printed)} is printed`];
}
