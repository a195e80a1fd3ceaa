/** The table of addresses: which screen, for whom, in which light. */

import type { Component } from "svelte";

import type { Role, User } from "./contract";
import type { Params } from "./params";
import type { Texts } from "./texts";

type Screen = { default: Component<{ params: Params }> };

export interface Route {
  path: string;
  /** Its title in the table of texts. */
  title: keyof Texts["routes"];
  roles: readonly Role[];
  /** The reading room is dark and belongs to the film; everything else is office work. */
  room: "reading" | "office";
  /** Shown in the navigation bar. */
  menu: boolean;
  load: () => Promise<Screen>;
}

const READERS: readonly Role[] = ["reader"];
const ADJUDICATORS: readonly Role[] = ["adjudicator"];
const OFFICE: readonly Role[] = ["coordinator", "admin"];

const route = (
  path: string,
  title: Route["title"],
  roles: readonly Role[],
  room: Route["room"],
  load: () => Promise<unknown>,
): Route => ({ path, title, roles, room, load: load as Route["load"], menu: !path.includes(":") });

export const ROUTES: readonly Route[] = [
  route("/worklist", "worklist", READERS, "office", () => import("./screens/Worklist.svelte")),
  route(
    "/calibration",
    "calibration",
    READERS,
    "office",
    () => import("./screens/Calibration.svelte"),
  ),
  route("/rounds/:round", "reading", READERS, "reading", () => import("./screens/Reading.svelte")),
  route(
    "/adjudication",
    "adjudication",
    ADJUDICATORS,
    "office",
    () => import("./screens/Adjudications.svelte"),
  ),
  route(
    "/adjudication/:study",
    "adjudication",
    ADJUDICATORS,
    "reading",
    () => import("./screens/Adjudication.svelte"),
  ),
  route(
    "/radiographs",
    "radiographs",
    OFFICE,
    "office",
    () => import("./screens/Radiographs.svelte"),
  ),
  route("/studies", "studies", OFFICE, "office", () => import("./screens/Studies.svelte")),
  route("/studies/:study", "studies", OFFICE, "office", () => import("./screens/Studies.svelte")),
  route("/decks", "decks", OFFICE, "office", () => import("./screens/Decks.svelte")),
  route("/agreement", "agreement", OFFICE, "office", () => import("./screens/Agreement.svelte")),
  route(
    "/agreement/:study",
    "agreement",
    OFFICE,
    "office",
    () => import("./screens/Agreement.svelte"),
  ),
  route(
    "/models",
    "modelVersions",
    OFFICE,
    "office",
    () => import("./screens/ModelVersions.svelte"),
  ),
  route(
    "/datasets",
    "datasets",
    [...OFFICE, "data"],
    "office",
    () => import("./screens/Datasets.svelte"),
  ),
];

const allowed = (route: Route, user: User) => route.roles.some((role) => user.roles.includes(role));

/** The menu of this user, in the order of the table. */
export const menuOf = (user: User): Route[] =>
  ROUTES.filter((route) => route.menu && allowed(route, user));

/** The parameters when `path` fits the pattern, else null: "/rounds/:round" fits "/rounds/7". */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/");
  const given = path.replace(/\/+$/, "").split("/");
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return params;
}

/** Screen and parameters for an address, if it exists and this user may see it. */
export function find(path: string, user: User): { route: Route; params: Params } | null {
  for (const route of ROUTES) {
    const params = match(route.path, path);
    if (params && allowed(route, user)) return { route, params };
  }
  return null;
}
