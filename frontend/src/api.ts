/**
 * Every request of the frontend, typed; the only file that calls fetch.
 *
 * A refusal of the server becomes an ApiError with its name and sentence; no answer at all
 * becomes an ApiError with status 0 and the name "offline".
 */

import type * as c from "./contract";
import type { Region } from "./msasss";
import { texts, told } from "./texts";

const ROOT = "/api/v1/";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly name: string,
    readonly sentence: string,
    readonly detail: Record<string, unknown> = {},
  ) {
    super(sentence);
  }

  /** True when trying the same request again later can help. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** What to tell the user about anything that was thrown. */
export const sentenceOf = (error: unknown): string =>
  error instanceof ApiError ? error.sentence : texts.errors.unexpected;

type Body = object | FormData | undefined;
type Send = (method: string, path: string, body: Body) => Promise<Response>;

let csrfToken = "";
/** Whose page this is; another tab may sign somebody else in under it. */
let owner: string | null = null;
let onSignedOut: () => void = () => {};

/** Called whenever an answer shows that nobody is signed in any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

async function ask(method: string, path: string, body: Body, token = csrfToken): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = token;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(path.startsWith("/") ? path : ROOT + path, init);
  } catch {
    throw new ApiError(0, "offline", texts.errors.offline);
  }
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.name, told(error.sentence), error.detail ?? {});
  } catch {
    const sentence = response.status >= 500 ? texts.errors.server : texts.errors.unexpected;
    return new ApiError(response.status, "unexpected", sentence);
  }
}

/**
 * Ask, and once more with a fresh token after a 403: the token changes at sign-in, and a tab
 * left open over night still holds the old one. Where somebody else has signed in meanwhile, the
 * owner of this page is signed out, and nothing of theirs goes out under the other one's name.
 */
async function answered(
  method: string,
  path: string,
  body?: Body,
  send: Send = ask,
): Promise<Response> {
  let response = await send(method, path, body);
  const aboutSession = path === "session";
  if ((response.status === 401 || response.status === 403) && !aboutSession) {
    const stale = csrfToken;
    const { user } = await session();
    if (!user || user.username !== (owner ?? user.username)) {
      onSignedOut();
      throw new ApiError(401, "signed_out", texts.errors.signedOut);
    }
    if (method !== "GET" && csrfToken !== stale) response = await send(method, path, body);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function json<T>(method: string, path: string, body?: Body): Promise<T> {
  const response = await answered(method, path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

const get = <T>(path: string) => json<T>("GET", path);
const post = <T>(path: string, body: Body = {}) => json<T>("POST", path, body);
const patch = <T>(path: string, body: Body) => json<T>("PATCH", path, body);

type Asked = string | number | boolean | readonly string[] | undefined | null;

/** A list is asked for by its name, once for each value. */
function query(values: Record<string, Asked>): string {
  const given = Object.entries(values).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value ?? []].flat()).map((one) => [key, String(one)]),
  );
  const text = new URLSearchParams(given).toString();
  return text ? `?${text}` : "";
}

/** The token of another user's session is not taken: what this page sends is its owner's. */
async function remembered(answer: Promise<c.Session>): Promise<c.Session> {
  const session = await answer;
  const user = session.user?.username ?? null;
  if (owner !== null && user !== owner) return session;
  owner = user;
  csrfToken = session.csrf_token;
  return session;
}

// --- session -----------------------------------------------------------------------------------
export const session = () => remembered(get<c.Session>("session"));
export const signIn = async (username: string, password: string) => {
  const { csrf_token } = await session(); // the sign-in itself needs a token
  const send: Send = (...asked) => ask(...asked, csrf_token);
  const response = await answered("POST", "session", { username, password }, send);
  return remembered(response.json());
};
export const keepPreferences = (chosen: Partial<c.ChosenPreferences>) =>
  remembered(patch<c.Session>("session", chosen));
export const signOut = async () => {
  await json<void>("DELETE", "session");
  return session();
};

// --- radiographs -------------------------------------------------------------------------------
export const radiographs = (filter: c.RadiographFilter = {}) =>
  get<c.Page<c.Radiograph>>(`radiographs${query({ ...filter })}`);
export const uploadRadiograph = async (file: File, onProgress: (share: number) => void) => {
  const form = new FormData();
  form.append("file", file, file.name);
  const response = await answered("POST", "radiographs", form, withProgress(onProgress));
  return (await response.json()) as c.ImportedFile;
};

/** fetch cannot tell how much of a body has gone out: uploads use XMLHttpRequest. */
function withProgress(onProgress: (share: number) => void): Send {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, ROOT + path);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", csrfToken);
      request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
      request.onload = () =>
        resolve(new Response(request.responseText || null, { status: request.status }));
      request.onerror = () => reject(new ApiError(0, "offline", texts.errors.offline));
      request.send(body as FormData);
    });
}
export const acceptRadiograph = (id: number, decision: c.FilmDecision) =>
  patch<c.Radiograph>(`radiographs/${id}`, decision);
export const discardRadiograph = (id: number) =>
  patch<c.Radiograph>(`radiographs/${id}`, { state: "discarded" });
export const setRadiographAside = (id: number, reason: string) =>
  patch<c.Radiograph>(`radiographs/${id}`, { state: "quarantined", reason });
export const forgetRadiograph = (id: number) =>
  patch<c.Radiograph>(`radiographs/${id}`, { state: "forgotten" });
export const answerOf = (id: number) => get<c.AnswerToWhose>(`radiographs/${id}/asked_again`);
export const askAgainWhose = (id: number, reason: string) =>
  post<c.AnswerToWhose>(`radiographs/${id}/asked_again`, { reason });
export const unreadableFilms = () => get<c.Page<c.UnreadableFilm>>("unreadable_films");
export const giveUpFilm = (id: number) =>
  patch<c.UnreadableFilm>(`unreadable_films/${id}`, { state: "given_up" });
export const pregrade = (ids: number[] | "all") => post<c.Job>("pregrade", { radiographs: ids });

// --- studies -----------------------------------------------------------------------------------
export const studies = () => get<c.Study[]>("studies");
export const study = (id: number) => get<c.StudyDetail>(`studies/${id}`);
export const closeStudy = (id: number) => post<c.Study>(`studies/${id}/close`);
export const reopenStudy = (id: number) => post<c.Study>(`studies/${id}/reopen`);
export const freeHold = (study: number, reading: number) =>
  post<{ holds: c.Hold[] }>(`studies/${study}/holds/${reading}/free`);
export const filmsFound = (asked: c.FilmsAsked, region: Region | null, read: c.Chronology) =>
  get<c.FilmsFound>(`studies/films${query({ ...asked, region, chronology: read })}`);
export const createStudy = (study: c.NewStudy) => post<c.Study>("studies", study);
export const ranking = (id: number, limit?: number) =>
  get<c.Ranking>(`studies/${id}/ranking${query({ limit })}`);
export const openRelabelBatch = (id: number, batch: c.NewRelabelBatch) =>
  post<c.RelabelBatch>(`studies/${id}/relabel_batches`, batch);
export const agreement = (id: number, round?: number) =>
  get<c.Agreement>(`studies/${id}/agreement${query({ round })}`);
export const consensusRules = (id: number) => get<c.ConsensusRules>(`studies/${id}/consensus`);
export const users = () => get<c.User[]>("users");

// --- reading -----------------------------------------------------------------------------------
export const worklist = () => get<c.WorklistEntry[]>("worklist");
export const nextReading = (round: number) => post<c.NextReading>(`rounds/${round}/next`);
export const reading = (id: number) => get<c.Reading>(`readings/${id}`);
export const renewLease = (id: number) => post<unknown>(`readings/${id}/renew`);
export const returnReading = (id: number) => post<unknown>(`readings/${id}/return`);
export const saveGrade = (id: number, event: c.GradeEvent) =>
  post<c.Graded>(`readings/${id}/grades`, event);
export const undoGrade = (id: number, event: c.Keyed) =>
  post<c.Undone>(`readings/${id}/undo`, event);
export const redoGrade = (id: number, event: c.Keyed) =>
  post<c.Undone>(`readings/${id}/redo`, event);
export const shiftLevels = (id: number, event: c.LevelShiftEvent) =>
  post<c.Undone>(`readings/${id}/level_shift`, event);
export const saveDiscPoints = (id: number, event: c.DiscPointsEvent) =>
  post<{ discs: c.Disc[] }>(`readings/${id}/disc_points`, event);
export const commitReading = (id: number, event: c.CommitEvent) =>
  post<c.Committed>(`readings/${id}/commit`, event);

/** The stored picture file (JPEG-LS, 16 bit) as bytes. */
export const picture = async (url: string): Promise<ArrayBuffer> =>
  (await answered("GET", url)).arrayBuffer();

// --- calibration -------------------------------------------------------------------------------
export const calibration = () => get<c.CalibrationDeck[]>("calibration");
export const beginAgain = (deck: number) => post<{ round: number }>(`calibration/${deck}/tries`);
export const decks = () => get<c.Deck[]>("decks");
export const createDeck = (deck: c.NewDeck) => post<c.Deck>("decks", deck);
export const giveDeck = (deck: number, readers: string[]) =>
  post<c.Deck>(`decks/${deck}/readers`, { readers });

// --- adjudication ------------------------------------------------------------------------------
export const adjudications = () => get<c.AdjudicationEntry[]>("adjudication");
export const nextCase = (study: number) => post<c.NextCase>(`studies/${study}/adjudication/next`);
export const decide = (id: number, decision: c.Decision) =>
  post<{ settled: number }>(`adjudication/${id}/decision`, decision);

// --- model versions, jobs ----------------------------------------------------------------------
export const modelVersions = () => get<c.ModelVersions>("model_versions");
export const startTraining = (run: c.NewTrainingRun) => post<c.Job>("training_runs", run);
export const promote = (id: number) => post<c.ModelVersion>(`model_versions/${id}/promote`);
export const reject = (id: number) => post<c.ModelVersion>(`model_versions/${id}/reject`);
export const modelReport = (id: number) => get<c.ModelReport>(`model_versions/${id}/report`);
export const compareAgain = (id: number) => post<c.Job>(`model_versions/${id}/compare`);
export const promotionBounds = (study: number) =>
  get<c.PromotionBounds>(`studies/${study}/promotion_bounds`);
export const setPromotionBounds = (study: number, bounds: c.PromotionBounds) =>
  patch<c.PromotionBounds>(`studies/${study}/promotion_bounds`, bounds);
export const jobs = (kind?: string) => get<c.Job[]>(`jobs${query({ kind })}`);
export const job = (id: number) => get<c.Job>(`jobs/${id}`);
export const cancelJob = (id: number) => post<c.Job>(`jobs/${id}/cancel`);
export const startAgain = (id: number) => post<c.Job>(`jobs/${id}/again`);
export const retrainingSchedule = () => get<c.RetrainingSchedule>("retraining_schedule");
export const setRetrainingSchedule = (schedule: Partial<c.RetrainingSchedule>) =>
  patch<c.RetrainingSchedule>("retraining_schedule", schedule);

// --- export ------------------------------------------------------------------------------------
export const exportStudies = () => get<c.ExportStudy[]>("export/studies");
/** A plain link: the browser downloads the file with the session's cookie. */
export const exportUrl = (study: number, file: c.ExportFile) =>
  `${ROOT}export/studies/${study}/${file}`;
export const exportToken = () => get<c.ExportToken>("export/token");
export const createExportToken = () => post<c.ExportToken>("export/token");
export const deleteExportToken = () => json<void>("DELETE", "export/token");
