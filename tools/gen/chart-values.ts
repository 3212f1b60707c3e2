// chart/values.schema.json and docs/reference/chart-values.md: from the comments and defaults of chart/values.yaml, and from the schema
// of the configuration for `config`.

import { readFileSync } from "node:fs";
import * as YAML from "yaml";
import { configJsonSchema } from "../../src/config/keys.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/sys/json.ts";
import { code, page, table } from "./markdown.ts";

interface ChartValue {
  readonly path: readonly string[];
  readonly value: JsonValue;
  readonly description: string;
}

/** Maps whose keys are Kubernetes' or the operator's own. */
const freeMaps = [
  ...["resources", "nodeSelector", "affinity", "updateStrategy", "seLinuxOptions", "tailscaled.resources"],
  ...["controller.resources", "controller.nodeSelector", "controller.affinity"],
];
const choices: Readonly<Record<string, readonly string[]>> = {
  "image.pullPolicy": ["Always", "IfNotPresent", "Never"],
  "tailscaled.image.pullPolicy": ["Always", "IfNotPresent", "Never"],
};

const intro = `
Every value of \`chart/values.yaml\`. A name that is not one of these, or a value of another kind, fails at \`helm template\` and before an
installation, with the key. What stands under \`config\` is the configuration file: [config.md](config.md) has its keys, each of which
can be set like any value, \`--set config.network.mtu=1400\`. In \`--set\` a dot in a node's name is written \`\\.\`, a comma in a value \`\\,\`.`;

export function chartValuesPage(): string {
  const rows = chartValues().map(({ path, value, description }) => [
    code(path.join(".")),
    code(typeof value === "string" ? value || '""' : JSON.stringify(value)),
    description,
  ]);
  return page("Values of the chart", code("chart/values.yaml"), intro, table(["value", "default", "meaning"], rows));
}

export function chartValuesSchema(): JsonObject {
  const { $schema: _, ...config } = configJsonSchema();
  const definition = {
    ...orEmpty(config),
    description: "The configuration file of HeadCNI: docs/reference/config.md.",
  };
  const properties: Record<string, JsonValue> = {};
  const top = new Map<string, ChartValue[]>();
  for (const value of chartValues()) top.set(value.path[0] ?? "", [...(top.get(value.path[0] ?? "") ?? []), value]);
  for (const [name, values] of top) properties[name] = name === "config" ? definition : schemaOf(values, 1);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    // Helm hands a subchart what all charts share.
    properties: { ...properties, global: { type: "object" } },
    additionalProperties: false,
  };
}

/** A section of the configuration file with nothing under it is null, and is as good as none. */
function orEmpty(schema: JsonObject): JsonObject {
  const { properties } = schema;
  if (schema.type !== "object" || !isJsonObject(properties)) return schema;
  const below = Object.entries(properties).map(([name, value]) => [name, isJsonObject(value) ? orEmpty(value) : value]);
  return { ...schema, type: ["object", "null"], properties: Object.fromEntries(below) };
}

/** Of the values below one name. @param depth how many names lead there */
function schemaOf(values: readonly ChartValue[], depth: number): JsonObject {
  const [first] = values;
  if (first !== undefined && values.length === 1 && first.path.length === depth) return leafSchema(first);
  const names = new Set(values.map(({ path }) => path[depth] ?? ""));
  const below = (name: string) =>
    schemaOf(
      values.filter(({ path }) => path[depth] === name),
      depth + 1,
    );
  const properties = Object.fromEntries([...names].map((name) => [name, below(name)]));
  return { type: "object", properties, additionalProperties: false };
}

function leafSchema({ path, value, description }: ChartValue): JsonObject {
  const choice = choices[path.join(".")];
  if (choice !== undefined) return { description, enum: choice };
  if (Array.isArray(value)) return { description, type: "array" };
  const type = typeof value === "number" ? "integer" : typeof value;
  return { description, type };
}

/** The leaves of values.yaml in its order. @throws Error for one without a comment */
function chartValues(): readonly ChartValue[] {
  const text = readFileSync(new URL("../../chart/values.yaml", import.meta.url), "utf8");
  const document = YAML.parseDocument(text);
  // Keys below `config` are described where the configuration is.
  const found = YAML.isMap(document.contents) ? leaves(document.contents, []) : [];
  const undescribed = found.filter(({ description }) => description === "").map(({ path }) => path.join("."));
  if (undescribed.length > 0) throw new Error(`chart/values.yaml says nothing of ${undescribed.join(", ")}`);
  return found;
}

function leaves(map: YAML.YAMLMap, above: readonly string[]): ChartValue[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!YAML.isScalar(key)) throw new Error("A key of chart/values.yaml is no text");
    const path = [...above, String(key.value)];
    // The comment above the first key of a map belongs to the map.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined) ?? "";
    const description = (comment.split("\n\n").at(-1) ?? "").trim().replaceAll(/\n\s*/g, " ");
    const name = path.join(".");
    const isSection = YAML.isMap(value) && value.items.length > 0 && name !== "config" && !isFree(name);
    if (isSection) return leaves(value, path);
    const plain: unknown = YAML.isNode(value) ? value.toJSON() : null;
    return [{ path, value: asJson(plain), description }];
  });
}

/** `dashboard.labels` and its like are free though they have a default. */
function isFree(name: string): boolean {
  return freeMaps.includes(name) || name.endsWith(".labels");
}

function asJson(value: unknown): JsonValue {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as JsonValue;
  if (Array.isArray(value) || isJsonObject(value)) return JSON.parse(JSON.stringify(value));
  throw new Error("chart/values.yaml has a value that JSON has not");
}
