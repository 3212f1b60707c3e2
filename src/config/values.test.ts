// The readers of single values: what they take, what they refuse and in which words.

import { describe, expect, test } from "bun:test";
import { ok, type Result } from "../sys/result.ts";
import {
  isLoopback,
  readCidrs,
  readDir,
  readDurationMs,
  readHostName,
  readListen,
  readListenText,
  readNodeName,
  readPerNode,
  readServerUrl,
  readTags,
} from "./values.ts";

const whyOf = (result: Result<unknown>): string =>
  result.kind === "fault" ? result.why : `accepted: ${JSON.stringify(result.value)}`;

describe("readCidrs()", () => {
  test.each([
    ["one", "10.1.0.0/24", ["10.1.0.0/24"]],
    ["one of each family", "10.1.0.0/24, fd00::/64", ["10.1.0.0/24", "fd00::/64"]],
    ["a list", ["fd00::/64", "10.1.0.0/24"], ["fd00::/64", "10.1.0.0/24"]],
    ["nothing", "", []],
    ["blanks", "  ", []],
    ["an empty list", [], []],
  ])("takes %s", (_name, value, expected) => {
    expect(JSON.stringify(readCidrs(value))).toBe(JSON.stringify(ok(expected)));
  });

  test.each([
    ["host bits, naming what was meant", "10.1.2.3/24", "has host bits set in 10.1.2.3/24; write 10.1.2.0/24"],
    ["two of one family", "10.1.0.0/24,10.2.0.0/24", "has two IPv4 CIDRs, 10.1.0.0/24 and 10.2.0.0/24"],
    ["two of IPv6", ["fd00::/64", "fd01::/64"], "has two IPv6 CIDRs"],
    ["an address without a length", "10.1.0.0", "is not a CIDR: 10.1.0.0 has no prefix length"],
    ["a length over the family's", "10.1.0.0/33", "is not a CIDR: 10.1.0.0/33 has a prefix length over 32"],
    ["octal", "010.1.0.0/24", "is not a CIDR: 010.1.0.0/24 has no valid IP address"],
    ["a hole in the list", "10.1.0.0/24,,fd00::/64", "is not a CIDR"],
    ["a word", "auto", "is not a CIDR: auto has no prefix length"],
  ])("refuses %s", (_name, value, expected) => {
    expect(whyOf(readCidrs(value))).toStartWith(expected);
  });
});

describe("readPerNode()", () => {
  test.each([
    ["a number", 24, { ipv4: 24 }],
    ["a length with slash", "/24", { ipv4: 24 }],
    ["a length without", "25", { ipv4: 25 }],
    ["a length only IPv6 has", 64, { ipv6: 64 }],
    ["a pair", "/24,/64", { ipv4: 24, ipv6: 64 }],
    ["a pair in the other order", "64, 24", { ipv6: 64, ipv4: 24 }],
    ["a map", { ipv4: "/26", ipv6: 112 }, { ipv4: 26, ipv6: 112 }],
    ["a map of one", { ipv6: 24 }, { ipv6: 24 }],
    ["nothing", "", {}],
  ])("takes %s", (_name, value, expected) => {
    expect(readPerNode(value)).toEqual(ok(expected));
  });

  test.each([
    ["a word", "small", "is not a prefix length; write for example /24"],
    ["a sign", "+24", "is not a prefix length"],
    ["a leading zero", "/024", "is not a prefix length"],
    ["a fraction", 24.5, "is not a prefix length"],
    ["no room for pods", "/31", "leaves no pods on a node or no nodes; write a length from /1 to /30 for IPv4"],
    [
      "no room for pods in IPv6",
      "/127",
      "leaves no pods on a node or no nodes; write a length from /1 to /126 for IPv6",
    ],
    ["everything", "/0", "leaves no pods"],
    ["over 128", "/129", "leaves no pods"],
    ["a pair of one family", "/24,/25", "does not say which length is for which family"],
    ["a pair of IPv6", "/64,/112", "does not say which length is for which family"],
    ["three", "/24,/64,/80", "has more than two lengths"],
    ["an IPv6 length for IPv4", { ipv4: 64 }, "leaves no pods"],
  ])("refuses %s", (_name, value, expected) => {
    expect(whyOf(readPerNode(value))).toStartWith(expected);
  });
});

describe("readDurationMs()", () => {
  test.each([
    ["seconds as a number", 45, 45_000],
    ["milliseconds", "500ms", 500],
    ["seconds", "30s", 30_000],
    ["seconds without a unit, as the environment gives them", "45", 45_000],
    ["minutes", "2m", 120_000],
    ["an hour at most", "60m", 3_600_000],
  ])("takes %s", (_name, value, expected) => {
    expect(readDurationMs(value)).toEqual(ok(expected));
  });

  test.each([
    "",
    "1h",
    "-1s",
    "1.5s",
    "0s",
    0,
    -3,
    "61m",
    "1e3s",
    "30 s",
    "30S",
    "1m30s",
    "1,5s",
    "+5s",
    "0x10s",
    "5s foo",
  ])("refuses %p", (value) => {
    expect(readDurationMs(value)).toMatchObject({ kind: "fault" });
  });
});

describe("readServerUrl()", () => {
  test.each([
    ["https://headscale.example.com", "https://headscale.example.com"],
    ["http://10.0.0.1:8080/", "http://10.0.0.1:8080"],
    ["https://example.com/headscale/", "https://example.com/headscale"],
    ["", undefined],
  ])("takes %p", (value, expected) => {
    expect(readServerUrl(value)).toEqual(ok(expected));
  });

  test.each(["headscale.example.com", "ftp://a", "https://user:pass@a", "https://a?x=1", "https://a#b", "https://"])(
    "refuses %p",
    (value) => {
      expect(whyOf(readServerUrl(value))).toStartWith("is not the address of a control server");
    },
  );
});

test.each([
  ["Worker-1", ok("worker-1")],
  ["", ok(undefined)],
])("readHostName() takes %p", (value, expected) => {
  expect(readHostName(value)).toEqual(expected);
});

test.each(["a.b", "-a", "a_b", "x".repeat(64)])("readHostName() refuses %p", (value) => {
  expect(whyOf(readHostName(value))).toStartWith("is not a host name");
});

describe("readTags()", () => {
  test.each([
    ["tag:a,tag:b, tag:a", ["tag:a", "tag:b"]],
    [["tag:k8s-node"], ["tag:k8s-node"]],
    ["", []],
    [[], []],
  ])("takes %p", (value, expected) => {
    expect(readTags(value)).toEqual(ok(expected));
  });

  test.each([["k8s-node"], ["tag:"], ["tag:a,"], [["tag:a", "tag:1"]]])("refuses %p", (value) => {
    expect(whyOf(readTags(value))).toContain("is not a tag");
  });
});

describe("readListen()", () => {
  test.each([
    ["127.0.0.1:9465", "127.0.0.1", 9465],
    ["[::1]:9465", "::1", 9465],
    ["localhost:0", "localhost", 0],
    ["0.0.0.0:65535", "0.0.0.0", 65535],
    ["[::]:80", "::", 80],
    // A manifest with `[$(HOST_IP)]:9465` serves nodes of either family.
    ["[10.0.0.1]:9465", "10.0.0.1", 9465],
  ])("takes %s", (value, host, port) => {
    expect(readListen(value)).toEqual(ok({ host, port }));
  });

  test.each([
    "",
    ":9465",
    "9465",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "::1:9465",
    "[127.0.0.1:1",
    "host:1",
    "1.2.3:1",
  ])("refuses %p", (value) => {
    expect(whyOf(readListen(value))).toStartWith("is not an address and a port");
  });
});

test.each([
  [" [10.0.0.1]:9465 ", "10.0.0.1:9465"],
  ["[fd00::1]:9465", "[fd00::1]:9465"],
  ["localhost:9465", "localhost:9465"],
])("readListenText(%p) is as it stands in a URL", (value, text) => {
  expect(readListenText(value)).toEqual(ok(text));
});

test("isLoopback() knows all of 127.0.0.0/8, ::1 and localhost, and nothing else", () => {
  expect(["127.0.0.1", "127.8.9.1", "::1", "localhost"].filter((host) => !isLoopback(host))).toEqual([]);
  expect(["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example"].filter(isLoopback)).toEqual([]);
});

describe("readDir()", () => {
  test.each([
    ["/etc/cni/net.d", "/etc/cni/net.d"],
    ["/etc//cni/", "/etc/cni"],
    ["/.hidden/..a", "/.hidden/..a"],
  ])("takes %s", (value, expected) => {
    expect(readDir(value)).toEqual(ok(expected));
  });

  test.each(["", "/", "etc", "./etc", "/etc/..", "/etc/./cni", "/a\0b", "/a\nb"])("refuses %j", (value) => {
    expect(readDir(value)).toMatchObject({ kind: "fault" });
  });
});

describe("readNodeName()", () => {
  test.each([
    ["worker-1", "worker-1"],
    [" Worker-1.Example \n", "worker-1.example"],
    ["", undefined],
    [`${"a".repeat(250)}.bc`, `${"a".repeat(250)}.bc`],
  ])("takes %j", (value, expected) => {
    expect(readNodeName(value)).toEqual(ok(expected));
  });

  test.each(["worker_1", "-a", "a-", "a..b", "a b", "ä", "a".repeat(254)])("refuses %j", (value) => {
    expect(readNodeName(value)).toMatchObject({ kind: "fault" });
  });
});
