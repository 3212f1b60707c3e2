import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { generations } from "../../headscale/generations.fixture.ts";
import { createFakeHeadscale, type FakeNode, type MemoryState, memoryState } from "../../headscale/testing.ts";
import { silentLog } from "../../sys/log/log.ts";
import { fakeHttp } from "../../sys/net/testing.ts";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../../sys/testing.ts";
import { parseCommandLine } from "../program.ts";
import { plainTerminal } from "../terminal/testing.ts";

const nowMs = Date.UTC(2026, 5, 1);
const facts = generations[2];
const nodes: readonly FakeNode[] = [
  {
    id: "1",
    name: "node-1",
    tags: ["tag:k8s-node"],
    isOnline: true,
    available: ["10.244.1.0/24", "192.168.1.0/24"],
    approved: ["192.168.1.0/24"],
  },
  { id: "2", name: "node-2", tags: [], isOnline: true, available: ["10.244.2.0/24"], approved: [] },
  {
    id: "3",
    name: "old",
    tags: ["tag:k8s-node"],
    isOnline: false,
    lastSeenMs: nowMs - 30 * 86_400_000,
    available: [],
    approved: ["10.244.3.0/24", "0.0.0.0/0"],
  },
];

let root: TempRoot;
let state: MemoryState;
let answer: boolean | undefined;
let policy: string | undefined;
/** What stands before Headscale lets nothing be changed. */
let isReadOnly: boolean;

beforeEach(() => {
  root = tempRoot();
  state = memoryState(...nodes);
  answer = undefined;
  policy = undefined;
  isReadOnly = false;
  root.write("/etc/headcni/key", "k-1\n", 0o600);
  root.write(
    "/etc/headcni/config.yaml",
    'network: { podCIDR: { base: 10.244.0.0/16 } }\ntailscale: { nodeTags: "tag:k8s-node" }\n' +
      "headscale: { url: http://headscale.example, apiKeyFile: /etc/headcni/key }\n",
  );
});
afterEach(() => root[Symbol.dispose]());

async function run(...args: readonly string[]) {
  if (facts === undefined) throw new Error("No facts");
  const seen = { out: "", err: "", code: 0, asked: [] as string[] };
  const fake = createFakeHeadscale({ facts, state, keys: () => ["k-1"], policy: () => policy });
  const http = fakeHttp((request) =>
    isReadOnly && request.method === "POST" ? { status: 403, body: "<html>403 Forbidden k-1</html>" } : fake(request),
  );
  const context = {
    print: (text: string) => {
      seen.out += text;
    },
    warn: (text: string) => {
      seen.err += text;
    },
    isTerminal: false,
    terminal: plainTerminal,
    confirm: (question: string) => {
      seen.asked.push(question);
      return answer;
    },
    system: () => testSystem(root, { http, log: silentLog, clock: fakeClock(nowMs) }),
    exit: (code: number) => {
      seen.code = code;
    },
  };
  const thrown = await parseCommandLine(context, ["headscale", ...args]);
  return { ...seen, code: thrown ?? seen.code };
}

const approvedOf = (id: string) => state.nodes().find((node) => node.id === id)?.approved;

describe("headcni headscale approve", () => {
  test("approves what is due, says what is not, and ends with 1 for that", async () => {
    const { out, code } = await run("approve");
    expect(out).toBe(
      "Approved 10.244.1.0/24 of node-1 (1): it is served\n" +
        "Not approved: node-2 (2) offers 10.244.2.0/24: it has none of the tags of the cluster's nodes (tag:k8s-node)\n",
    );
    expect(code).toBe(1);
    expect(approvedOf("1")).toEqual(["192.168.1.0/24", "10.244.1.0/24"]);
  });

  test("does nothing with --dry-run", async () => {
    const { out, code } = await run("approve", "node-1", "--dry-run");
    expect([out, code]).toEqual(["Would approve 10.244.1.0/24 of node-1 (1)\n", 0]);
    expect(approvedOf("1")).toEqual(["192.168.1.0/24"]);
  });

  test("approves for the nodes that are named", async () => {
    expect(JSON.parse((await run("approve", "1", "-o", "json")).out)).toEqual({
      approved: [{ node: "node-1", id: "1", route: "10.244.1.0/24" }],
      failed: [],
      refused: [],
    });
    expect((await run("approve", "node-1")).out).toBe("There is nothing to approve\n");
    expect((await run("approve", "nobody")).err).toContain('Headscale has no node "nobody"');
  });

  test("says what Headscale does not approve, and ends with 1 for that", async () => {
    isReadOnly = true;
    const { out, err, code } = await run("approve", "1");
    expect([out, code, err.includes("k-1")]).toEqual(["", 1, false]);
    expect(err).toStartWith("Headscale does not approve 10.244.1.0/24 of node-1 (1): it answered 403: ");
    const json = await run("approve", "1", "-o", "json");
    expect([json.code, JSON.parse(json.out)]).toMatchObject([
      1,
      { approved: [], failed: [{ node: "node-1", id: "1", routes: ["10.244.1.0/24"] }], refused: [] },
    ]);
  });

  test("needs tags, and takes them as a flag", async () => {
    root.write(
      "/etc/headcni/config.yaml",
      "headscale: { url: http://headscale.example, apiKeyFile: /etc/headcni/key }\n",
    );
    expect((await run("approve")).err).toContain("--cluster-cidr");
    expect((await run("approve", "--cluster-cidr", "10.244.0.0/16")).err).toContain("--node-tags");
    const { out } = await run("approve", "1", "--cluster-cidr", "10.244.0.0/16", "--node-tags", "tag:k8s-node");
    expect(out).toContain("Approved 10.244.1.0/24");
  });

  test("refuses a key that others may read, and says that one is wrong", async () => {
    root.write("/etc/headcni/key", "k-2\n", 0o644);
    expect((await run("approve")).err).toContain("chmod 0600");
    root.write("/etc/headcni/key", "k-2\n", 0o600);
    const { err, code } = await run("approve");
    expect([err.includes("does not take the API key"), err.includes("k-2"), code]).toEqual([true, false, 4]);
  });
});

describe("headcni headscale policy", () => {
  test("prints one that it finds nothing missing in", async () => {
    const { out, code } = await run("policy", "--owner", "ops@");
    expect([code, out.includes('"tag:k8s-node": ["ops@"]')]).toEqual([0, true]);
    root.write("/policy.hujson", out);
    expect((await run("policy", "--check", "/policy.hujson")).out).toBe("/policy.hujson has what this cluster needs\n");
  });

  test("says what one lacks, and ends with 1", async () => {
    root.write("/policy.hujson", '{"tagOwners": {"tag:k8s-node": ["k8s@"]}, "acls": []}');
    const { out, code } = await run("policy", "--check", "/policy.hujson");
    expect([code, out.split("\n")[1]?.startsWith("autoApprovers  blocks of 10.244.0.0/16")]).toEqual([1, true]);
    const { findings } = JSON.parse((await run("policy", "--check", "/policy.hujson", "-o", "json")).out);
    expect(findings).toHaveLength(4);
  });

  test("checks the one that Headscale shows, and says when it shows none", async () => {
    policy = '{"autoApprovers": {"routes": {"10.244.0.0/16": ["tag:k8s-node"]}}}';
    expect((await run("policy", "--live")).out).toContain("tagOwners");
    policy = undefined;
    expect((await run("policy", "--live")).err).toContain("--check FILE");
  });
});

describe("headcni headscale withdraw", () => {
  test("lists what is stale, and takes nothing back", async () => {
    const { out, asked } = await run("withdraw");
    expect(out).toStartWith("Stale: 10.244.3.0/24 of old (3), which is offline since 2026-05-02T00:00:00.000Z\n");
    expect([asked, approvedOf("3")]).toEqual([[], ["10.244.3.0/24", "0.0.0.0/0"]]);
  });

  test("asks, and goes by the answer", async () => {
    answer = false;
    const refused = await run("withdraw", "--stale");
    expect([refused.code, refused.asked.length, approvedOf("3")?.length]).toEqual([1, 1, 2]);
    answer = true;
    expect((await run("withdraw", "--stale")).out).toBe(
      "Took back 10.244.3.0/24 of old (3), which is offline since 2026-05-02T00:00:00.000Z\n",
    );
    expect(approvedOf("3")).toEqual(["0.0.0.0/0"]);
  });

  test("does nothing where it cannot ask, but with --yes", async () => {
    const { err, code } = await run("withdraw", "old");
    expect([err.includes("--yes"), code, approvedOf("3")?.length]).toEqual([true, 2, 2]);
    expect((await run("withdraw", "old", "--yes", "-o", "json")).out).toContain('"done": true');
    expect(approvedOf("3")).toEqual(["0.0.0.0/0"]);
    expect((await run("withdraw", "old", "--yes")).out).toBe("There is nothing to take back\n");
  });

  test("never touches what is no PodCIDR", async () => {
    await run("withdraw", "node-1", "--yes");
    expect(approvedOf("1")).toEqual(["192.168.1.0/24"]);
  });
});
