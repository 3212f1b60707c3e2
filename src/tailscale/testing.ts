// A tailscaled in place of the real one: LocalAPI over a real unix socket, with the status, prefs and answers a test gives it, and a log
// of what it was asked. It knows nothing of networks.

import { mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { JsonObject, JsonValue } from "../sys/json.ts";
import type { TempRoot } from "../sys/testing.ts";

export const fakeSocket = "/run/tailscale/tailscaled.sock";

interface FakeRequest {
  readonly method: string;
  /** Without `/localapi/v0/`, with its query. */
  readonly path: string;
  readonly body: JsonValue | undefined;
}

interface FakeAnswer {
  readonly status: number;
  readonly body?: JsonValue | undefined;
}

export interface FakeTailscaled {
  /** What GET status says. */
  status: JsonObject;
  prefs: JsonObject;
  /** What peers of the network map offer, by id. */
  peersRoutes: Readonly<Record<string, readonly string[]>>;
  /** Answers in place of the usual ones; undefined: the usual one, `nothing`: none ever. */
  answer: (request: FakeRequest) => FakeAnswer | "nothing" | undefined;
  /** Called by login-interactive with the key of the last start. */
  login: (key: string) => void;
  readonly requests: readonly FakeRequest[];
  /** `METHOD path` of those that change something, or ping. */
  changes(): readonly string[];
  /** Masks of the buses that are open. */
  readonly buses: readonly number[];
  /** Sends one message on every bus. */
  notify(message?: JsonObject): void;
  /** Ends every bus, as for a reader that is too slow. */
  cutBuses(): void;
  start(): Promise<void>;
  /** Ends it; the socket stays behind, as after a crash, unless it is to be removed. */
  stop(socket?: "leave" | "remove"): Promise<void>;
}

/** A node of the netmap as GET status shows it. */
export function fakePeer(id: number, parts: JsonObject = {}): JsonObject {
  return {
    ID: String(id),
    HostName: `Node-${id}`,
    DNSName: `node-${id}.tailnet.example.`,
    TailscaleIPs: [`100.64.0.${id}`, `fd7a:115c:a1e0::${id}`],
    PrimaryRoutes: null,
    Tags: null,
    Online: true,
    InNetworkMap: true,
    Active: false,
    CurAddr: "",
    Relay: "lab",
    ...parts,
  };
}

/** A daemon that was never logged in. */
export const freshStatus: JsonObject = {
  Version: "1.102.3-ERR-BuildInfo",
  TUN: true,
  BackendState: "NeedsLogin",
  Health: ["Tailscale is stopped."],
  Self: { ...fakePeer(0), ID: "", DNSName: "", TailscaleIPs: null, InNetworkMap: false, Online: false },
  Peer: null,
};

/** One that is on the tailnet, with these peers. */
export function readyStatus(...peers: readonly JsonObject[]): JsonObject {
  return {
    Version: "1.102.3",
    TUN: true,
    BackendState: "Running",
    HaveNodeKey: true,
    Health: null,
    Self: fakePeer(1),
    Peer: Object.fromEntries(peers.map((peer) => [`nodekey:${String(peer.ID)}`, peer])),
  };
}

/** As a fresh daemon has them, in the part that matters and a part that must survive. */
export const freshPrefs: JsonObject = {
  ControlURL: "",
  RouteAll: false,
  CorpDNS: true,
  WantRunning: false,
  LoggedOut: true,
  Hostname: "",
  AdvertiseRoutes: null,
  NoSNAT: false,
  NoStatefulFiltering: true,
  NetfilterMode: 2,
  Config: null,
};

/** @param socket a path of the node that `root` plays */
export async function fakeTailscaled(root: TempRoot, socket = fakeSocket): Promise<FakeTailscaled & AsyncDisposable> {
  const path = `${root.path}${socket}`;
  const requests: FakeRequest[] = [];
  const buses = new Map<ServerResponse, number>();
  let key = "";
  let server = createServer();

  const usual = (request: FakeRequest): FakeAnswer => {
    const call = `${request.method} ${request.path.replace(/\?.*/, "")}`;
    const body = (request.body ?? {}) as JsonObject;
    switch (call) {
      case "GET status":
        return {
          status: 200,
          body: request.path.endsWith("peers=false") ? { ...fake.status, Peer: null } : fake.status,
        };
      case "GET prefs":
        return { status: 200, body: fake.prefs };
      case "PATCH prefs":
        fake.prefs = { ...fake.prefs, ...masked(body) };
        return { status: 200, body: fake.prefs };
      case "POST start":
        fake.prefs = { ...(body.UpdatePrefs as JsonObject), Config: null };
        key = String(body.AuthKey ?? "");
        return { status: 204 };
      case "POST login-interactive":
        fake.login(key);
        return { status: 204 };
      case "POST ping":
        return { status: 200, body: { Err: "" } };
      default:
        return { status: 404, body: "not found" };
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = await read(request);
    requests.push(found);
    const forbidden =
      request.headers.host !== "local-tailscaled.sock" ? { status: 403, body: "invalid localapi request" } : undefined;
    const given = forbidden ?? fake.answer(found);
    if (given === "nothing") return;
    const mask = /^watch-ipn-bus\?mask=(\d+)$/.exec(found.path)?.[1];
    if (given === undefined && mask === "8") {
      const peers = Object.entries(fake.peersRoutes).map(([id, routes]) => ({
        ID: Number(id),
        StableID: id,
        Hostinfo: { RoutableIPs: routes },
      }));
      response.writeHead(200).write(`${JSON.stringify({ Version: fake.status.Version, NetMap: { Peers: peers } })}\n`);
      return;
    }
    if (given === undefined && mask !== undefined) {
      response.writeHead(200).write(`${JSON.stringify({ Version: fake.status.Version, State: 6 })}\n`);
      buses.set(response, Number(mask));
      response.on("close", () => buses.delete(response));
      return;
    }
    const { status, body } = given ?? usual(found);
    response.writeHead(status).end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  };

  const fake: FakeTailscaled & AsyncDisposable = {
    status: freshStatus,
    prefs: freshPrefs,
    peersRoutes: {},
    answer: () => undefined,
    login: () => undefined,
    requests,
    changes: () => requests.filter(({ method }) => method !== "GET").map((made) => `${made.method} ${made.path}`),
    get buses() {
      return [...buses.values()];
    },
    notify: (message = {}) => {
      for (const bus of buses.keys()) bus.write(`${JSON.stringify(message)}\n`);
    },
    cutBuses: () => {
      for (const bus of buses.keys()) bus.destroy();
    },
    start: async () => {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      server = createServer((request, response) => void serve(request, response));
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(path, resolve);
      await promise;
    },
    stop: async (left = "leave") => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      await promise;
      if (left === "remove") rmSync(path, { force: true });
    },
    [Symbol.asyncDispose]: () => fake.stop("remove"),
  };
  await fake.start();
  return fake;
}

/** Of MaskedPrefs, the values whose mark is set. */
function masked(body: JsonObject): JsonObject {
  const names = Object.keys(body).filter((name) => body[`${name}Set`] === true);
  return Object.fromEntries(names.map((name) => [name, body[name]]));
}

async function read(request: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const path = (request.url ?? "").replace("/localapi/v0/", "");
  return { method: request.method ?? "GET", path, body: text === "" ? undefined : JSON.parse(text) };
}
