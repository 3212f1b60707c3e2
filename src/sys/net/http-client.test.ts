// The client against real servers, in this process: unix sockets, TCP and TLS, and servers that are slow, gone or wrong.

import { afterAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { realClock } from "../clock.ts";
import { createFiles } from "../fs/files.ts";
import { Secret } from "../secret.ts";
import { tempRoot, waitUntil } from "../testing.ts";
import { createAuthority } from "./certificates.fixture.ts";
import type { HttpClient, HttpTarget } from "./http.ts";
import { connectHttp } from "./http-client.ts";
import { HttpError } from "./http-error.ts";

const root = tempRoot();
const machine = { files: createFiles(root.path), clock: realClock };
const socketPath = "/run/server.sock";

/** A server that answers each request, by its path, with bytes on the bare connection. */
interface RawServer {
  readonly sockets: Socket[];
  readonly requests: string[];
}
const raw: RawServer = { sockets: [], requests: [] };

const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const answers: Readonly<Record<string, (socket: Socket) => void>> = {
  "/text": (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-cap: 142\r\n\r\nhello"),
  "/empty": (socket) => socket.write("HTTP/1.1 204 No Content\r\n\r\n"),
  "/json": (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a":[1]}'),
  "/moved": (socket) => socket.write("HTTP/1.1 302 Found\r\nlocation: /text\r\ncontent-length: 5\r\n\r\nmoved"),
  "/refused": (socket) => socket.write("HTTP/1.1 403 No\r\ncontent-length: 16\r\n\r\nno \u001b[31m access\n"),
  "/silent": () => undefined,
  "/half": (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
  "/cut": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
  "/reset": (socket) => {
    socket.write(`${chunked}5\r\none\n2\r\n`);
    setTimeout(() => socket.resetAndDestroy(), 100);
  },
  "/close": (socket) => socket.end(),
  "/noise": (socket) => socket.end("SSH-2.0-server\r\n"),
  "/huge": (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n${"x".repeat(3_000_000)}`),
  "/lines": (socket) => {
    socket.write(`${chunked}6\r\none\ntw\r\n`);
    setTimeout(() => socket.write("5\r\no\r\n\r\n\r\n3\r\nend\r\n0\r\n\r\n"), 10);
  },
  "/first": (socket) => socket.write(`${chunked}4\r\none\n\r\n`),
};

const server: Server = createServer((socket) => {
  raw.sockets.push(socket);
  // Clients cut connections here; that is what is tested.
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    const request = String(bytes);
    raw.requests.push(request);
    answers[/^[A-Z]+ ([^ ?]+)/.exec(request)?.[1] ?? ""]?.(socket);
  });
});
root.write("/run/stale.sock", "");
await new Promise<void>((resolve) => server.listen(`${root.path}${socketPath}`, resolve));
afterAll(() => {
  server.close();
  root[Symbol.dispose]();
});

const connect = (target: Partial<HttpTarget> = {}): HttpClient =>
  connectHttp(machine, { kind: "unix", socketPath, ...target } as HttpTarget);
const failed = (action: Promise<unknown>): Promise<HttpError> =>
  action.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => (error instanceof HttpError ? error : expect.unreachable(String(error))),
  );
async function gather(lines: AsyncIterable<string>): Promise<string[]> {
  const got: string[] = [];
  for await (const line of lines) got.push(line);
  return got;
}

describe("over a unix socket of the node,", () => {
  test("request() gives the answer whatever its status, and follows nothing", async () => {
    using client = connect();
    expect(await client.request({ path: "/text" })).toMatchObject({
      status: 200,
      text: "hello",
      headers: { "x-cap": "142" },
    });
    expect(await client.request({ path: "/moved" })).toMatchObject({ status: 302, text: "moved" });
    expect((await client.request({ path: "/refused" })).status).toBe(403);
  });

  test("text() and json() give bodies; an empty one is null", async () => {
    using client = connect();
    expect(await client.text({ path: "/text" })).toBe("hello");
    expect(await client.json({ path: "/json" })).toEqual({ a: [1] });
    expect(await client.json({ path: "/empty" })).toBeNull();
  });

  test("sends method, host, headers, JSON and the bearer, each once", async () => {
    using client = connectHttp(
      machine,
      { kind: "unix", socketPath, host: "local-tailscaled.sock" },
      { bearer: new Secret("tskey-1") },
    );
    const body = { AuthKey: new Secret("tskey-2"), list: [new Secret("tskey-3"), 1, null], unset: undefined };
    await client.text({ method: "POST", path: "/text?mask=8", headers: { "x-y": "z" }, body });
    const [head = "", sent = ""] = raw.requests.at(-1)?.split("\r\n\r\n") ?? [];
    expect(head.toLowerCase().split("\r\n").toSorted()).toEqual([
      "authorization: bearer tskey-1",
      "connection: close",
      "content-length: 47",
      "content-type: application/json",
      "host: local-tailscaled.sock",
      "post /text?mask=8 http/1.1",
      "x-y: z",
    ]);
    expect(sent).toBe('{"AuthKey":"tskey-2","list":["tskey-3",1,null]}');
  });

  test("keeps one connection from request to request, and closes it at the end", async () => {
    const before = raw.sockets.length;
    {
      using client = connect();
      for (let turn = 0; turn < 3; turn++) await client.text({ path: "/text" });
      expect(raw.sockets.length).toBe(before + 1);
    }
    await waitUntil("the connection is closed", () => raw.sockets[before]?.destroyed === true);
  });

  test("asks again when the server closed a kept connection meanwhile", async () => {
    using client = connect();
    await client.text({ path: "/text" });
    raw.sockets.at(-1)?.end();
    expect(await client.text({ path: "/text" })).toBe("hello");
  });

  test("lines() gives each line as it comes, also one without an end", async () => {
    using client = connect();
    expect(await gather(client.lines({ path: "/lines" }))).toEqual(["one", "two", "", "end"]);
  });

  test("lines() ends without an error when it is called off, and closes its connection", async () => {
    using client = connect();
    const stop = new AbortController();
    const got: string[] = [];
    for await (const line of client.lines({ path: "/first", signal: stop.signal })) {
      got.push(line);
      setTimeout(() => stop.abort(), 5);
    }
    expect(got).toEqual(["one"]);
    await waitUntil("the connection is closed", () => raw.sockets.at(-1)?.destroyed === true);
    expect(await gather(client.lines({ path: "/first", signal: stop.signal }))).toEqual([]);
  });

  test("lines() closes its connection when its reader leaves", async () => {
    using client = connect();
    for await (const _line of client.lines({ path: "/first" })) break;
    await waitUntil("the connection is closed", () => raw.sockets.at(-1)?.destroyed === true);
  });
});

describe("says in words that", () => {
  test.each<[string, string, string]>([
    ["/nothing.sock", "unreachable", "there is no such socket"],
    ["/run/stale.sock", "unreachable", "no program listens on this socket any more"],
  ])("%s does not answer", async (path, failure, why) => {
    using client = connect({ kind: "unix", socketPath: path });
    const error = await failed(client.text({ path: "/status?key=1" }));
    expect(error).toMatchObject({
      code: "HC_HTTP_UNREACHABLE",
      failure,
      endpoint: path,
      path: "/status",
      status: undefined,
    });
    expect(error.message).toBe(`Cannot GET /status of ${path}: ${why}`);
    expect(error.hint).toStartWith("start the program that ma");
  });

  test.each<[string, string, RegExp]>([
    ["/refused", "status", /: it answered 403: no \\u\{1b\}\[31m access$/],
    ["/moved", "status", /: it answered 302: moved$/],
    ["/silent", "late", /: it did not answer within 0.05 s$/],
    ["/half", "late", /: its answer was not complete within 0.1 s$/],
    ["/cut", "answer", /: its answer was cut short$/],
    ["/reset", "answer", /: its answer was cut short$/],
    ["/close", "unreachable", /: it closed the connection without an answer$/],
    ["/noise", "unreachable", /: what answers there does not speak HTTP$/],
    ["/huge", "answer", /: its answer is longer than 1000000 bytes$/],
    ["/text", "answer", /: its answer is not JSON: hello$/],
  ])("the answer of %s is no good", async (path, failure, message) => {
    using client = connect();
    const times = path === "/silent" ? { headersTimeoutMs: 50 } : path === "/half" ? { timeoutMs: 100 } : {};
    const error = await failed(client.json({ path, maxBytes: 1_000_000, ...times }));
    expect(error.failure).toBe(failure as HttpError["failure"]);
    expect(error.message).toMatch(message);
  });

  test.each([
    ["/silent", 1],
    ["/half", 20],
  ])("%s was called off, at once", async (path, afterMs) => {
    using client = connect();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), afterMs);
    const error = await failed(client.text({ path, signal: stop.signal }));
    expect([error.failure, error.code]).toEqual(["aborted", "HC_HTTP_FAILED"]);
    await waitUntil("the connection is closed", () => raw.sockets.at(-1)?.destroyed === true);
  });

  test.each<[string, RegExp]>([
    ["/reset", /: its answer was cut short$/],
    ["/first", /: it was silent for 0.05 s$/],
    ["/huge", /: a line of its answer is longer than 100000 bytes$/],
    ["/refused", /: it answered 403/],
  ])("a stream of lines from %s broke", async (path, message) => {
    using client = connect();
    const idleTimeoutMs = path === "/first" ? 50 : undefined;
    const error = await failed(gather(client.lines({ path, idleTimeoutMs, maxLineBytes: 100_000 })));
    expect(error.message).toMatch(message);
  });

  test("nothing listens on a port", async () => {
    const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const origin = gone.url.origin;
    await gone.stop(true);
    using client = connect({ kind: "tcp", origin });
    expect((await failed(client.text({ path: "/" }))).message).toBe(`Cannot GET / of ${origin}: nothing listens there`);
  });

  test("an origin is none", () => {
    expect(() => connect({ kind: "tcp", origin: "http://no address" })).toThrow("this is no address of a server");
  });
});

describe("over TLS", () => {
  const authority = createAuthority();
  root.write("/ca.pem", authority.certPem);
  root.write("/other.pem", createAuthority("another CA").certPem);
  root.write("/empty.pem", "nothing\n");
  const serve = ({ certPem, keyPem }: { certPem: string; keyPem: string }) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: certPem, key: keyPem },
      fetch: (request) => new Response(request.headers.get("authorization") ?? "nobody"),
    });

  test("asks a server whose certificate is from the CA in the file", async () => {
    await using server = serve(authority.issue("127.0.0.1"));
    using client = connectHttp(
      machine,
      { kind: "tcp", origin: server.url.origin, caFile: "/ca.pem" },
      { bearer: new Secret("token-1") },
    );
    expect(await client.text({ path: "/" })).toBe("Bearer token-1");
  });

  test.each<[string, string, number, string | undefined, RegExp]>([
    [
      "from another CA than the one in the file",
      "127.0.0.1",
      1e7,
      "/other.pem",
      /its certificate is not from the CA in \/other.pem$/,
    ],
    [
      "from a CA this machine does not know",
      "127.0.0.1",
      1e7,
      undefined,
      /is from a CA that this machine does not know$/,
    ],
    ["for another name", "other.example", 1e7, "/ca.pem", /its certificate is for another name$/],
    ["expired", "127.0.0.1", -1e7, "/ca.pem", /its certificate has expired$/],
    ["checked against a file that holds none", "127.0.0.1", 1e7, "/empty.pem", /\/empty.pem holds no certificate$/],
  ])("refuses a certificate that is %s", async (_name, subject, validForMs, caFile, message) => {
    await using server = serve(authority.issue(subject, validForMs));
    using client = connect({ kind: "tcp", origin: server.url.origin, caFile });
    const error = await failed(client.text({ path: "/" }));
    expect([error.failure, error.message]).toEqual(["unreachable", expect.stringMatching(message)]);
  });

  test("says that a server does not speak it, and that a CA's file is missing", async () => {
    await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    using client = connect({ kind: "tcp", origin: `https://127.0.0.1:${server.port}` });
    expect((await failed(client.text({ path: "/" }))).message).toContain("does not speak TLS");
    expect(() => connect({ kind: "tcp", origin: server.url.origin, caFile: "/none.pem" })).toThrow(
      "Cannot read /none.pem",
    );
  });
});
