// A secret in a configuration, where none belongs, is shown by nothing that speaks of the configuration.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { errorLines } from "../cli/exit.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { configInvalid } from "./agent.ts";
import { explainAsJson } from "./explain.ts";
import { configKeys, configSections } from "./keys.ts";
import { loadConfig } from "./load.ts";

const file = "/etc/headcni/config.yaml";

/** Everything that is said of a configuration: the error as lines and as a condition, or the explanation and the warnings. */
async function said(text: string, env: Record<string, string> = {}): Promise<string> {
  using root = tempRoot();
  root.write(file, text);
  try {
    const loaded = await loadConfig(testSystem(root, { env }));
    return JSON.stringify([explainAsJson(loaded), loaded.warnings]);
  } catch (error) {
    using bare = tempRoot();
    const { config, origins } = await loadConfig(testSystem(bare));
    const loaded = { config, origins, file, hostFile: file, warnings: [] };
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return `${errorLines(error).join("\n")}\n${JSON.stringify([error, configInvalid(loaded, error as never)])}`;
  }
}

/** YAML's flow style reads JSON. */
function at(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, name) => ({ [name]: inner }), value);
}

const marker = fc.stringMatching(/^Zq[a-z]{6}Qz$/);
const name = fc.constantFrom("authKey", "apiKey", "token", "password", "note", "x");
const section = fc.constantFrom([], ...configSections);
const anywhere = fc.constantFrom(...configSections, ...configKeys.map(({ path }) => path));
const wrapped = (value: string) => fc.constantFrom<unknown>(value, [value], { a: value }, { a: [{ token: value }] });

test("the value of an unknown key, in whatever section and of whatever form", async () => {
  const sample = fc.tuple(
    section,
    name,
    marker.chain((secret) => fc.tuple(fc.constant(secret), wrapped(secret))),
  );
  await fc.assert(
    fc.asyncProperty(sample, async ([above, key, [secret, value]]) => {
      const text = await said(JSON.stringify(at([...above, key], value)));
      expect(text).toContain("unknown key");
      expect(text).not.toContain(secret);
    }),
    { numRuns: 200 },
  );
});

test("what looks like a key or token, as value, list item, map or key at any place", async () => {
  const token = fc
    .tuple(fc.constantFrom("tskey-auth-k1", "hskey-api-", "tskey-client-"), marker)
    .map((parts) => parts.join(""));
  const sample = fc.tuple(
    anywhere,
    token.chain((secret) =>
      fc.constantFrom<[string, unknown]>(
        [secret, secret],
        [secret, [secret]],
        [secret, { [secret]: 1 }],
        [secret, { [secret]: "10.1.0.0/24" }],
        [secret, { a: secret }],
        [secret, [{ type: "portmap", token: secret.slice(-10) }]],
        [secret, [{ type: "portmap", x: secret }]],
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(sample, async ([path, [secret, value]]) => {
      expect((await said(JSON.stringify(at(path, value)))).toLowerCase()).not.toContain(
        secret.slice(-10).toLowerCase(),
      );
    }),
    { numRuns: 300 },
  );
});

test("a secret in a variable, whole or in JSON that is broken", async () => {
  expect(await said("", { HEADCNI_NETWORK_MTU: "tskey-auth-Zqabc" })).not.toContain("Zqabc");
  expect(await said("", { HEADCNI_CNI_PLUGINS: '[{"type": "x", "token": "Zqabc"' })).not.toContain("Zqabc");
});
