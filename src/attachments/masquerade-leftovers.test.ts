import { describe, expect, test } from "bun:test";
import type { Exec } from "../sys/process/exec.ts";
import { parseJumps, sweepMasquerade } from "./masquerade-leftovers.ts";

/** `iptables -t nat -S POSTROUTING`, iptables 1.8.9 (nf_tables), two pods of bridge 1.1.1 and rules of others. */
const listing = `-P POSTROUTING ACCEPT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -s 10.9.0.2/32 -m comment --comment "name: \\"headcni\\" id: \\"c1\\"" -j CNI-66b3d1a893950984aff00076
-A POSTROUTING -s 10.9.0.3/32 -m comment --comment "name: \\"headcni\\" id: \\"c2\\"" -j CNI-0123456789abcdef01234567
-A POSTROUTING -s 10.8.0.2/32 -m comment --comment "name: \\"other\\" id: \\"c1\\"" -j CNI-aaaaaaaaaaaaaaaaaaaaaaaa
-A POSTROUTING -s 10.9.0.0/24 ! -o headcni0 -j MASQUERADE
`;

describe("parseJumps()", () => {
  test("finds the jumps of one network, and their words", () => {
    expect(parseJumps(listing, "headcni")).toEqual([
      {
        containerId: "c1",
        chain: "CNI-66b3d1a893950984aff00076",
        rule: [
          ..."POSTROUTING -s 10.9.0.2/32 -m comment --comment".split(" "),
          'name: "headcni" id: "c1"',
          "-j",
          "CNI-66b3d1a893950984aff00076",
        ],
      },
      expect.objectContaining({ containerId: "c2", chain: "CNI-0123456789abcdef01234567" }),
    ]);
  });
});

describe("sweepMasquerade()", () => {
  function setUp(failing?: string) {
    let warned = "";
    const warn = (text: string): void => {
      warned += text;
    };
    const ran: string[] = [];
    const exec: Exec = {
      run: (argv) => {
        const line = argv.join(" ").replace(" -w 5 -t nat", "");
        ran.push(line);
        const stdout = line === "iptables -S POSTROUTING" ? listing : "";
        const isFailing = line === failing;
        const exitCode = isFailing ? 4 : 0;
        const stderr = isFailing ? "no such table\n" : "";
        return Promise.resolve({ exitCode, signal: null, stdout, stderr, timedOut: false, outputTooLong: false });
      },
    };
    return { system: { exec, env: {}, warn }, ran, warnings: () => warned };
  }

  test("removes rule and chain of containers that are gone, and of no others", async () => {
    const { system, ran } = setUp();
    await sweepMasquerade(system, { network: "headcni", isGone: (id) => id === "c2" });
    expect(ran).toEqual([
      "iptables -S POSTROUTING",
      'iptables -D POSTROUTING -s 10.9.0.3/32 -m comment --comment name: "headcni" id: "c2" -j CNI-0123456789abcdef01234567',
      "iptables -F CNI-0123456789abcdef01234567",
      "iptables -X CNI-0123456789abcdef01234567",
      "ip6tables -S POSTROUTING",
    ]);
  });

  test("says what it could not do, and goes on with the other family", async () => {
    const { system, ran, warnings } = setUp("iptables -S POSTROUTING");
    await sweepMasquerade(system, { network: "headcni", isGone: () => true });
    expect(ran).toEqual(["iptables -S POSTROUTING", "ip6tables -S POSTROUTING"]);
    expect(warnings()).toContain("no such table");
  });
});
