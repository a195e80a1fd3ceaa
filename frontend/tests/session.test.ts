/** Two readers on one workstation: the cookie is the browser's, the page is one reader's. */

import { beforeEach, expect, it, vi } from "vitest";

import { Outbox } from "../src/outbox";
import { memoryStore } from "../src/outbox_store";

vi.mock("../src/preferences.svelte", () => ({ follow: async () => {} }));

/** Whose cookie the browser holds. */
let who: string | null;
let calls: string[];
let visited: string[];

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

const answerOf = () => ({
  user: who && { username: who, roles: [], preferences: {} },
  csrf_token: `of ${who}`,
  version: "1",
});

async function server(path: string, { method, headers, body }: RequestInit): Promise<Response> {
  const token = (headers as Record<string, string>)["X-CSRFToken"];
  if (path.endsWith("/session")) {
    if (method === "GET") return json(200, answerOf());
    const { username, password } = JSON.parse(body as string);
    if (token !== `of ${who}` || password !== "right") {
      return json(403, { error: { name: "wrong_password", sentence: "Wrong." } });
    }
    who = username;
    return json(200, answerOf());
  }
  if (token !== `of ${who}`) return json(403, { error: { name: "csrf", sentence: "CSRF" } });
  calls.push(`${who} ${path}`);
  return who === "ada" ? json(200, {}) : json(404, { error: { name: "none", sentence: "None." } });
}

beforeEach(() => {
  vi.resetModules();
  [who, calls, visited] = ["ada", [], []];
  vi.stubGlobal("fetch", server);
  const assign = (path: string) => void visited.push(path);
  vi.stubGlobal("window", { location: { pathname: "/reading/1", assign } });
});

async function pageOfAda() {
  const api = await import("../src/api");
  const page = await import("../src/session.svelte");
  await page.resume();
  return { api, ...page };
}

it("sends nothing of the first reader's under the second reader's session", async () => {
  const { api, session } = await pageOfAda();
  const refused: string[] = [];
  let turns = 0;
  const box = new Outbox({
    user: "ada",
    store: memoryStore(),
    alone: (work) => work(),
    pause: async () => void (++turns === 3 && (who = "ada")), // ada signs in again over there
    onstatus: () => {},
    onanswer: () => {},
    onnews: () => {},
    onrefused: ({ kind }) => refused.push(kind),
    send: ({ kind, reading, body }) =>
      kind === "grade"
        ? api.saveGrade(reading, body as never)
        : api.commitReading(reading, body as never),
  });
  who = "bo";
  await box.add(1, "grade", {}, "a");
  await box.add(1, "commit", { shown: null }, "b");
  await vi.waitFor(() => expect(session.expired).toBe(true));
  await box.idle();
  expect(refused).toEqual([]);
  expect(calls).toEqual(["ada /api/v1/readings/1/grades", "ada /api/v1/readings/1/commit"]);
});

it("takes nobody else's token at a sign-in that fails or is another reader's", async () => {
  const { api, signIn, session } = await pageOfAda();
  who = "bo";
  await expect(signIn("ada", "wrong")).rejects.toThrow("Wrong.");
  await expect(api.saveGrade(1, {} as never)).rejects.toMatchObject({ status: 401 });
  await signIn("cy", "right");
  await expect(api.saveGrade(1, {} as never)).rejects.toMatchObject({ status: 401 });
  expect(calls).toEqual([]);
  // The page leaves before it changes hands: what waits in it stays the first reader's.
  expect(visited).toEqual(["/"]);
  expect(session.user?.username).toBe("ada");
});

it("goes on where it was when the same reader signs in again", async () => {
  const { api, signIn, session } = await pageOfAda();
  const before = session.user;
  who = null;
  await expect(api.saveGrade(1, {} as never)).rejects.toMatchObject({ status: 401 });
  expect(session.expired).toBe(true);
  await signIn("ada", "right");
  expect(session).toMatchObject({ expired: false, user: before });
  await api.saveGrade(1, {} as never);
  expect([calls.length, visited]).toEqual([1, []]);
});
