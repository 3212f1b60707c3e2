import { expect, test } from "bun:test";
import fc from "fast-check";
import { comparePlain, yamlTexts } from "./plain-yaml.fixture.ts";

test.each([
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDNS:\n- 10.96.0.10\npodCIDR: 10.244.1.0/24\n",
  "kind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --etcd-servers=https://127.0.0.1:2379\n    name: a\n  hostNetwork: true\nstatus: {}\n",
  "# made by hand\n\na:\n  # inside\n  - b: 1\n    c:\n    - 'd'\n  -\n  - {}\nstatus: []\n",
])("reads as the library does %#", (text) => {
  expect(comparePlain(text)).toBe("same");
});

test.each([
  ["nothing", ""],
  ["a scalar", "a"],
  ["a tab", "a:\n\t- b"],
  ["letters beyond ASCII", "a: é"],
  ["an alias", "a: &x 1\nb: *x"],
  ["a merge", "<<: {}"],
  ["a block of text", "a: |\n  b"],
  ["a text of several lines", "a: b\n  c"],
  ["an escape", 'a: "\\n"'],
  ["a flow map", "a: {b: c}"],
  ["a comment behind a value", "a: b # c"],
  ["two documents", "a: 1\n---\nb: 2"],
  ["a line that is too long for a key", `${"a".repeat(1100)}: 1`],
  ["a depth that is not usual", Array.from({ length: 60 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("")],
  ["what is no YAML", "a: b: c"],
])("leaves %s to the library", (_, text) => {
  expect(comparePlain(text)).toBe("unknown");
});

test("reads any text as the library does, or leaves it", () => {
  fc.assert(
    fc.property(yamlTexts, (text) => comparePlain(text) !== "other"),
    { numRuns: 300 },
  );
});
