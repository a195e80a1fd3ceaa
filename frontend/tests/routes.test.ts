import { describe, expect, it } from "vitest";

import type { Role, User } from "../src/contract";
import { find, match, menuOf } from "../src/routes";

const user = (...roles: Role[]): User => ({ username: "u", name: "U", roles });

describe("routes", () => {
  it("read parameters out of an address", () => {
    expect(match("/rounds/:round", "/rounds/7")).toEqual({ round: "7" });
    expect(match("/rounds/:round", "/rounds/7/")).toEqual({ round: "7" });
    expect(match("/rounds/:round", "/rounds")).toBeNull();
  });

  it("show a reader the worklist and the calibration alone", () => {
    expect(menuOf(user("reader")).map((route) => route.path)).toEqual([
      "/worklist",
      "/calibration",
    ]);
  });

  it("hide a screen from those without its role", () => {
    expect(find("/studies", user("reader"))).toBeNull();
    expect(find("/studies", user("coordinator"))).not.toBeNull();
  });

  it("lead nobody anywhere who has no role", () => {
    expect(menuOf(user())).toEqual([]);
  });
});
