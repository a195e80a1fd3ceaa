/** A picture that did not come is asked for again. */

import { beforeEach, expect, it, vi } from "vitest";

import { ApiError } from "../src/api";
import { films } from "../src/films";
import { PictureOf } from "../src/reading/picture_of.svelte";
import type { Picture } from "../src/viewer/picture";

vi.mock("../src/films", () => ({ films: { get: vi.fn(), ready: () => null } }));

const offline = () => Promise.reject(new ApiError(0, "offline", "No answer."));

beforeEach(() => vi.clearAllMocks());

it("asks again for a picture that failed, and for no other", async () => {
  const picture = { width: 3 } as Picture;
  vi.mocked(films.get).mockImplementationOnce(offline).mockResolvedValue(picture);
  const pane = new PictureOf(() => "/film");
  pane.load("/film");
  await vi.waitFor(() => expect(pane.failure).toBe("No answer."));
  pane.again();
  await vi.waitFor(() => expect(pane.picture).toBe(picture));
  expect(pane.failure).toBe("");
  pane.again();
  expect(films.get).toHaveBeenCalledTimes(2);
});
