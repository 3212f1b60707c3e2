// How the generations of Headscale answer, as each was seen to: what the fake one plays, and what the tests hold real ones to.

type Refusal = readonly [status: number, message: string];

export interface GenerationFacts {
  readonly version: "0.25.1" | "0.26.1" | "0.29.2" | "0.30.0";
  readonly generation: "routes" | "approve" | "problem";
  /** Status of `GET /version`, open. */
  readonly versionCall: 200 | 404;
  /** Status of `GET /api/v1/health`. */
  readonly healthCall: 200 | 404;
  /** `GET /api/v1/routes` */
  readonly routesCall: "list" | "json 404" | "text 404";
  /** Form of an error. */
  readonly errors: "grpc" | "problem";
  readonly wrongKey: 401 | 500;
  readonly nodeMissing: Refusal;
  readonly nodeIdNoNumber: 400;
  readonly userMissing: Refusal;
  /** `POST node/{id}/approve_routes`; undefined: there is no such call. */
  readonly approve:
    | {
        readonly nodeMissing: Refusal;
        readonly noPrefix: 500 | 400;
        readonly noList: 400 | 422;
        readonly unknownField: 200 | 422;
        /** A body without a list, which up to 0.29 means an empty one. */
        readonly emptyBody: 200 | 400;
      }
    | undefined;
  /** What a pre-auth key's `user` is. */
  readonly keyUser: "name" | "id";
  readonly policyReadOnly: Refusal;
  readonly tagFields: "forcedTags" | "tags";
}

const upTo26 = {
  versionCall: 404,
  healthCall: 404,
  errors: "grpc",
  wrongKey: 500,
  nodeMissing: [500, "record not found"],
  nodeIdNoNumber: 400,
  userMissing: [500, "user not found"],
  policyReadOnly: [500, "update is disabled for modes other than 'database'"],
  tagFields: "forcedTags",
} as const;

export const generations: readonly GenerationFacts[] = [
  {
    ...upTo26,
    version: "0.25.1",
    generation: "routes",
    routesCall: "list",
    approve: undefined,
    keyUser: "name",
  },
  {
    ...upTo26,
    version: "0.26.1",
    generation: "approve",
    routesCall: "json 404",
    approve: { nodeMissing: [400, "record not found"], noPrefix: 500, noList: 400, unknownField: 200, emptyBody: 200 },
    keyUser: "id",
  },
  {
    version: "0.29.2",
    generation: "approve",
    versionCall: 200,
    healthCall: 200,
    routesCall: "json 404",
    errors: "grpc",
    wrongKey: 401,
    nodeMissing: [404, "node not found"],
    nodeIdNoNumber: 400,
    userMissing: [500, "user not found"],
    approve: {
      nodeMissing: [400, "node no longer exists in NodeStore"],
      noPrefix: 500,
      noList: 400,
      unknownField: 200,
      emptyBody: 200,
    },
    keyUser: "id",
    policyReadOnly: [500, "update is disabled for modes other than 'database'"],
    tagFields: "tags",
  },
  {
    version: "0.30.0",
    generation: "problem",
    versionCall: 200,
    healthCall: 200,
    routesCall: "text 404",
    errors: "problem",
    wrongKey: 401,
    nodeMissing: [404, "node not found"],
    nodeIdNoNumber: 400,
    userMissing: [404, "user not found"],
    approve: { nodeMissing: [404, "node not found"], noPrefix: 400, noList: 422, unknownField: 422, emptyBody: 400 },
    keyUser: "id",
    policyReadOnly: [400, "update is disabled for modes other than 'database'"],
    tagFields: "tags",
  },
];

/** Those of a real one, whose build need not say its version: by three calls, which leave the other rows to be tested. */
export function factsOf(
  seen: Pick<GenerationFacts, "versionCall" | "routesCall" | "errors">,
): GenerationFacts | undefined {
  return generations.find(
    ({ versionCall, routesCall, errors }) =>
      versionCall === seen.versionCall && routesCall === seen.routesCall && errors === seen.errors,
  );
}
