/** Who is signed in, and whether the session ended under somebody's hands. */

import * as api from "./api";
import type { User } from "./contract";
import { follow } from "./preferences.svelte";

export const session = $state<{
  user: User | null;
  known: boolean;
  /** The session ended while this user was working: their page stays behind the sign-in form. */
  expired: boolean;
  version: string;
}>({ user: null, known: false, expired: false, version: "" });

api.whenSignedOut(() => {
  if (session.user) session.expired = true;
});

export async function resume(): Promise<void> {
  const answer = await api.session();
  if (answer.user) await follow(answer.user.preferences);
  session.user = answer.user;
  session.version = answer.version;
  session.known = true;
}

export async function signIn(username: string, password: string): Promise<void> {
  const answer = await api.signIn(username, password);
  const sameUser = session.user?.username === answer.user?.username;
  // Somebody else must not go on in the first one's page, nor its waiting grades go out as theirs.
  if (!sameUser && (session.user || window.location.pathname !== "/")) {
    return window.location.assign("/");
  }
  if (answer.user) await follow(answer.user.preferences);
  // Another object would draw the page anew, and the film under the reader's hands with it.
  if (!sameUser) session.user = answer.user;
  session.known = true;
  session.expired = false;
}

export async function signOut(): Promise<void> {
  await api.signOut();
  window.location.assign("/");
}
