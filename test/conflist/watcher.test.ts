// containerd's own view of the folder: that it takes ours after an installation, and what was there before after a restore,
// by nothing but its watch on the folder. Also with a broken file in front, which stops it altogether.

import { describe, expect, test } from "bun:test";
import { int, list, message, string } from "../../src/runtime/cri/protobuf.ts";
import { createCriTransport } from "../../src/runtime/cri/transport.ts";
import { realClock } from "../../src/sys/clock.ts";
import { isJsonObject, type JsonValue } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { containerdSocket, startContainerd } from "../harness/containerd.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";

const Status = {
  name: "Status",
  request: message({ verbose: int(1) }),
  response: message({ info: list(2, message({ key: string(1), value: string(2) })) }),
};

const other = `{"cniVersion":"0.3.1","name":"other","plugins":[{"type":"bridge"}]}`;
const rows: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] = [
  ["another CNI's list", { "05-other.conflist": other }, "other"],
  [
    "another CNI's single plugin",
    { "05-other.conf": `{"cniVersion":"0.3.1","name":"other","type":"bridge"}` },
    "other",
  ],
  [
    "a broken file before another CNI's",
    { "05-broken.conflist": `{"name": "half`, "10-flannel.conflist": other },
    undefined,
  ],
  ["an empty list in front", { "00-empty.json": `{"cniVersion":"0.3.1","name":"empty","plugins":[]}` }, undefined],
];

describe("containerd", () => {
  test.each(rows)(
    "takes ours in place of %s, and that again after a restore",
    async (_, files, before) => {
      const paths = Object.entries(files).map(([name, content]) => [`/etc/cni/net.d/${name}`, content]);
      await using node = await createNode({ files: Object.fromEntries(paths) });
      await startContainerd(node);
      using transport = disposable(createCriTransport(node.path(containerdSocket), realClock));
      /** Name of the network it would connect pods to; undefined when it could load none. */
      const network = async (): Promise<string | undefined> => {
        const { info } = await transport.call(Status, { verbose: 1 }, 5000);
        return networkName(info.find(({ key }) => key === "cniconfig")?.value ?? "null");
      };
      const conflist = (command: string) =>
        node.must([headcni, "conflist", command], { env: { NODE_POD_CIDR: "10.244.1.0/24" } });
      expect(await network()).toBe(before as string);
      await conflist("install");
      await waitUntil("containerd takes ours", async () => (await network()) === "headcni");
      await conflist("restore");
      await waitUntil("containerd is as before", async () => (await network()) === before);
      expect(namesOf(node)).toEqual(Object.keys(files));
    },
    60_000,
  );
});

function namesOf(node: Node): readonly string[] {
  return node.list("/etc/cni/net.d").toSorted();
}

/** The first network that is not the loopback every containerd adds. */
function networkName(cniConfig: string): string | undefined {
  const json: JsonValue = JSON.parse(cniConfig);
  const networks = isJsonObject(json) && Array.isArray(json.Networks) ? json.Networks : [];
  const names = networks.map((entry: JsonValue) => {
    const config = isJsonObject(entry) ? entry.Config : undefined;
    return isJsonObject(config) && typeof config.Name === "string" ? config.Name : undefined;
  });
  return names.find((name) => name !== undefined && name !== "cni-loopback");
}

function disposable<T extends { close(): void }>(value: T): T & Disposable {
  return Object.assign(value, { [Symbol.dispose]: () => value.close() });
}
