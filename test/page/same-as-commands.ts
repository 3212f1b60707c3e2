// What the page of a running daemon says, beside what the commands say of the same daemon.

import { expect } from "bun:test";
import type { MeshDocument } from "../../src/mesh/document.ts";
import { pathWords, rttWords } from "../../src/mesh/graph.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { get, statusOf } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";

interface Said {
  readonly nodes: readonly (readonly string[])[];
  readonly summary: readonly (readonly string[])[];
  readonly conditions: readonly string[];
  readonly waiting: readonly string[];
}

/** Waits until page and commands agree on all that both show: a round trip may be measured between two questions. */
export async function pageSaysTheSame(node: Node): Promise<void> {
  let [page, commands]: (Said | undefined)[] = [];
  const isSame = async (): Promise<boolean> => {
    [page, commands] = [await pageOf(node), await commandsOf(node)];
    return Bun.deepEquals(page, commands);
  };
  await waitUntil("the page says what the commands say", isSame, 20_000).catch(() => expect(page).toEqual(commands));
}

async function commandsOf(node: Node): Promise<Said> {
  const mesh: MeshDocument = JSON.parse(await node.must([headcni, "mesh", "-o", "json"]));
  const { agents, conditions } = await statusOf(node);
  return {
    nodes: mesh.nodes.map((each) => [
      each.name,
      each.podCIDRs.join(", ") || "-",
      each.tailnetAddresses.join(", ") || "-",
      each.self ? "this node" : pathWords(each),
      rttWords(each),
      each.route,
      each.since,
    ]),
    summary: Object.values(agents).flatMap(({ summary }) => Object.entries(summary)),
    conditions: conditions.map(({ severity, code, since, text }) => `${severity} ${code} since ${since} ${text}`),
    waiting: mesh.nodes.filter(({ route }) => route === "unapproved").map(({ name }) => name),
  };
}

async function pageOf(node: Node): Promise<Said> {
  const { body } = await get(node, "/");
  const section = (name: string): string => {
    return new RegExp(`<section id="${name}"[^>]*>([\\s\\S]*?)</section>`).exec(body)?.[1] ?? "";
  };
  const parts = (text: string, element: RegExp): string[] => [...text.matchAll(element)].map(([, inner = ""]) => inner);
  return {
    nodes: parts(section("nodes"), /<tr>([\s\S]*?)<\/tr>/g)
      .slice(1)
      .map((row) => parts(row, /<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g).map(plain)),
    summary: parts(section("agents"), /<div>([\s\S]*?)<\/div>/g).map((row) =>
      parts(row, /<d[td]>([\s\S]*?)<\/d[td]>/g).map(plain),
    ),
    conditions: parts(section("conditions"), /<li[^>]*>([\s\S]*?)<\/li>/g).map(plain),
    waiting: parts(section("waiting"), /<strong>([\s\S]*?)<\/strong>/g).map(plain),
  };
}

/** As a person reads it. */
function plain(source: string): string {
  const text = source.replace(/<[^>]*>/g, " ").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  return text.replace(/\s+/g, " ").trim();
}
