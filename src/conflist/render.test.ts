import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { defaultConfig } from "../config/defaults.ts";
import { type ConflistSpec, renderConflist } from "./render.ts";
import { wantedConflist } from "./wanted.ts";

const plain = wantedConflist(defaultConfig, parsePodCIDRs("10.244.1.0/24"));

describe("renderConflist()", () => {
  test("gives the documented default shape, byte for byte", () => {
    expect(renderConflist(plain)).toBe(`{
  "cniVersion": "0.4.0",
  "name": "headcni",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "headcni0",
      "ipMasq": true,
      "isGateway": true,
      "hairpinMode": true,
      "mtu": 1280,
      "ipam": {
        "type": "host-local",
        "subnet": "10.244.1.0/24",
        "routes": [
          {
            "dst": "0.0.0.0/0"
          }
        ]
      }
    }
  ]
}
`);
  });

  const rows: readonly (readonly [string, Partial<ConflistSpec>, unknown])[] = [
    [
      "two families are range sets of their own, with a default route each",
      { podCIDRs: parsePodCIDRs("10.244.1.0/24,fd00:10:244:1::/64") },
      {
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:10:244:1::/64" }]],
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        },
      },
    ],
    [
      "one IPv6 PodCIDR has the IPv6 default route only",
      { podCIDRs: parsePodCIDRs("fd00::/64") },
      { ipam: { type: "host-local", subnet: "fd00::/64", routes: [{ dst: "::/0" }] } },
    ],
    ["masquerade by the daemon turns ipMasq off", { bridge: { ...plain.bridge, ipMasq: false } }, { ipMasq: false }],
    ["the MTU is the configured one", { bridge: { ...plain.bridge, mtuBytes: 1450 } }, { mtu: 1450 }],
  ];
  test.each(rows)("%s", (_, change, expected) => {
    const [first] = JSON.parse(renderConflist({ ...plain, ...change })).plugins;
    expect(first).toMatchObject(expected as object);
    expect(Object.keys(first)).toEqual(["type", "bridge", "ipMasq", "isGateway", "hairpinMode", "mtu", "ipam"]);
  });

  test("type headcni names no subnet: the plugin reads it at run time", () => {
    const { plugins } = JSON.parse(renderConflist({ ...plain, type: "headcni" }));
    expect(plugins).toEqual([{ type: "headcni" }]);
  });

  test("type headcni says the delegate's deadline only when it is not the default", () => {
    const { plugins } = JSON.parse(renderConflist({ ...plain, type: "headcni", delegateTimeoutMs: 1500 }));
    expect(plugins).toEqual([{ type: "headcni", delegateTimeoutSeconds: 1.5 }]);
  });

  const json = fc.dictionary(fc.string(), fc.jsonValue()).map((entry) => JSON.parse(JSON.stringify(entry)));
  test("keeps every key of chained plugins and gives the same bytes again", () => {
    fc.assert(
      fc.property(
        fc.array(json, { maxLength: 4 }),
        fc.constantFrom("bridge" as const, "headcni" as const),
        (plugins, type) => {
          const text = renderConflist({ ...plain, type, plugins });
          const parsed = JSON.parse(text);
          expect(parsed.plugins.slice(1)).toEqual(plugins);
          expect(renderConflist({ ...plain, type, plugins: parsed.plugins.slice(1) })).toBe(text);
        },
      ),
    );
  });
});
