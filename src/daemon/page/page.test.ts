import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pathWords, rttWords } from "../../mesh/graph.ts";
import { runs } from "../../sys/testing.ts";
import { drawMesh } from "./mesh-graph.ts";
import { pageHeaders, renderPage } from "./page.ts";
import { pageSections } from "./sections.ts";
import { meshNode, selfNode, statusOf } from "./testing.ts";

const condition = {
  code: "RouteNotApproved",
  severity: "warning",
  title: "t",
  text: "10.244.1.0/24 is not approved",
  since: "2026-01-01T00:00:00.000Z",
  impactsConnectivity: true,
};

describe("renderPage()", () => {
  test("needs nothing but itself", () => {
    const page = renderPage(statusOf({ mesh: { nodes: [selfNode, meshNode("node-2")], conflicts: [] } }));
    const refersTo = [...page.matchAll(/\b(?:src|href|action|data)="([^"]*)"/g)].map(([, to]) => to);
    expect(refersTo).toEqual(["data:,", "/status", "/metrics"]);
    expect(page).not.toMatch(/url\(|@import|\sstyle=|\son[a-z]+=/);
  });

  test("its policy allows the script and the style in it, and no others", () => {
    const page = renderPage(statusOf());
    const { "content-security-policy": policy = "" } = pageHeaders;
    for (const tag of ["script", "style"]) {
      const texts = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(([, text]) => text ?? "");
      expect(texts).toHaveLength(1);
      const hash = new Bun.CryptoHasher("sha256").update(texts.join("")).digest("base64");
      expect(policy).toContain(`${tag}-src 'sha256-${hash}';`);
    }
    expect(policy).not.toContain("unsafe");
    expect(policy).toStartWith("default-src 'none';");
  });

  test("whatever a tailnet calls its nodes stays text", () => {
    const pageOf = (name: string): string => {
      const conflict = { kind: "duplicate", podCIDR: name, node: name, route: name, servedBy: name } as const;
      const others = [meshNode(name, { relay: name, path: "relay", podCIDRs: [name], tailnetAddresses: [name] })];
      const mesh = { nodes: [{ ...selfNode, name }, ...others], conflicts: [conflict] };
      const notReady = [name];
      const conditions = [{ ...condition, text: name, code: name }];
      return renderPage(statusOf({ mesh, nodeName: name, staleBecause: name, notReady, conditions, version: name }));
    };
    /** As many tags begin, and as many attributes, as in a page of plain names. */
    const shape = (page: string): readonly number[] => [..."<>\"'"].map((char) => page.split(char).length);
    const plain = shape(pageOf("x"));
    const name = fc.string({
      unit: fc.oneof(fc.constantFrom(..."<>&\"'/=` "), fc.string({ minLength: 1 })),
      minLength: 1,
    });
    fc.assert(fc.property(name, (text) => expect(shape(pageOf(text))).toEqual(plain)));
  });

  test("says why a node is not ready, and what holds", () => {
    const page = renderPage(statusOf({ ready: false, notReady: ["ConflistNotWritten: no"], conditions: [condition] }));
    expect(page).toContain("not ready");
    expect(page).toContain("<li>ConflistNotWritten: no</li>");
    expect(page).toContain("<strong>RouteNotApproved</strong>");
    expect(page).toContain("10.244.1.0/24 is not approved");
  });
});

describe("pageSections()", () => {
  const nodes = [
    selfNode,
    meshNode("node-2"),
    meshNode("node-3", { path: "relay", relay: "fra", rttSeconds: 0.0312 }),
    meshNode("node-4", { online: false, route: "unknown", rttSeconds: null }),
    meshNode("node-5", { route: "unapproved", podCIDRs: ["10.244.5.0/24"] }),
    meshNode("node-6", { route: "unapproved", podCIDRs: [], waitingPodCIDRs: ["10.244.6.0/24"] }),
  ];

  test("has each node with the words of `headcni mesh`", () => {
    const { nodes: table } = pageSections(statusOf({ mesh: { nodes, conflicts: [] } }));
    for (const node of nodes.slice(1)) {
      const row = new RegExp(`<th scope="row">${node.name}</th>(.*?)</tr>`, "s").exec(table.text)?.[1] ?? "";
      const cells = [...row.matchAll(/>([^<]*)<\/td>/g)].map(([, cell]) => cell);
      expect(cells.slice(2, 5)).toEqual([pathWords(node), rttWords(node), node.route]);
    }
  });

  test("names the routes that wait for approval, and nothing when none does", () => {
    const { waiting } = pageSections(statusOf({ mesh: { nodes, conflicts: [] } }));
    expect(waiting.text).toContain("<strong>node-5</strong>: 10.244.5.0/24");
    expect(waiting.text).toContain("<strong>node-6</strong>: 10.244.6.0/24");
    expect(pageSections(statusOf({ mesh: { nodes: [selfNode], conflicts: [] } })).waiting.text).toBe("");
  });

  test("says that it is the last that was known, or that nothing is", () => {
    const stale = statusOf({ mesh: { nodes, conflicts: [] }, staleBecause: "tailscaled is stopped" });
    expect(pageSections(stale).mesh.text).toContain("This is what was known last: tailscaled is stopped");
    expect(pageSections(statusOf({ staleBecause: "there is no socket" })).mesh.text).toContain(
      "No node is known yet: there is no socket",
    );
    expect(pageSections(statusOf()).mesh.text).toContain("the daemon has not seen a tailnet");
  });

  test("of a daemon without a mesh it shows the rest", () => {
    const { agents, ...status } = statusOf();
    const { node } = agents;
    if (node === undefined) throw new Error("no such agent");
    expect(pageSections({ ...status, agents: { node } }).agents.text).toContain("10.244.1.0/24");
  });
});

describe("drawMesh()", () => {
  test("puts no node on another, and none out of the drawing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), (count) => {
        const others = Array.from({ length: count }, (_, at) => meshNode(`node-${at + 2}`));
        const { text } = drawMesh({ nodes: [selfNode, ...others], conflicts: [] });
        const places = [...text.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)].map(
          ([, x, y]) => [Number(x), Number(y)] as const,
        );
        expect(places).toHaveLength(count + 1);
        const [wide = 0, high = 0] = (/viewBox="-([\d.]+) -([\d.]+)/.exec(text) ?? []).slice(1).map(Number);
        for (const [at, [x, y]] of places.entries()) {
          expect(Math.abs(x) + 45).toBeLessThan(wide);
          expect(Math.abs(y) + 45).toBeLessThan(high);
          const nearest = places.filter((_, other) => other !== at).map(([a, b]) => Math.hypot(a - x, b - y));
          expect(Math.min(...nearest, 1000)).toBeGreaterThan(60);
        }
      }),
      { numRuns: runs(30) },
    );
  });

  test("says in words what it shows", () => {
    const nodes = [selfNode, meshNode("a"), meshNode("b", { path: "relay" }), meshNode("c", { online: false })];
    expect(drawMesh({ nodes, conflicts: [] }).text).toContain("3 other nodes: 1 direct, 1 relay, 0 idle, 1 offline.");
  });
});
